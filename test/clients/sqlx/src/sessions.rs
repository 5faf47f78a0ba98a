//! Transactions, cancels, settings and what the session is told of the tables.

use std::time::Duration;

use futures_util::future;
use sqlx::{AssertSqlSafe, Connection, Error, PgConnection};

use crate::report::{COLUMNS, LIST_COLUMNS, Outcome, SLOW_QUERY, want};
use crate::server::{connect, goes_on, open, options, refused};

pub async fn committed() -> Outcome {
    let mut connection = connect().await?;
    let mut transaction = connection
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    want(
        "the mode",
        show(&mut transaction, "transaction_read_only").await?,
        "on",
    )?;
    want(
        "the level",
        show(&mut transaction, "transaction_isolation").await?,
        "repeatable read",
    )?;
    transaction.commit().await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("SET application_name = 'kept'")
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    // A transaction that is dropped is rolled back.
    let mut transaction = connection.begin().await?;
    sqlx::query("SET application_name = 'lost'")
        .execute(&mut *transaction)
        .await?;
    drop(transaction);
    want(
        "the name",
        show(&mut connection, "application_name").await?,
        "kept",
    )
}

pub async fn failed() -> Outcome {
    let mut connection = connect().await?;
    let mut transaction = connection.begin().await?;
    refused(
        sqlx::query("SELECT nothing FROM things")
            .execute(&mut *transaction)
            .await,
        "42703",
    )?;
    refused(
        sqlx::query("SELECT id FROM things")
            .execute(&mut *transaction)
            .await,
        "25P02",
    )?;
    transaction.rollback().await?;
    goes_on(&mut connection).await
}

pub async fn savepoint() -> Outcome {
    let mut connection = connect().await?;
    let mut transaction = connection.begin().await?;
    // A transaction in a transaction is a savepoint.
    let mut inner = transaction.begin().await?;
    refused(
        sqlx::query("SELECT nothing FROM things")
            .execute(&mut *inner)
            .await,
        "42703",
    )?;
    inner.rollback().await?;
    goes_on(&mut transaction).await?;
    let inner = transaction.begin().await?;
    inner.commit().await?;
    transaction.commit().await?;
    goes_on(&mut connection).await
}

pub async fn temporary_table() -> Outcome {
    let mut connection = connect().await?;
    sqlx::query("CREATE TEMP TABLE notes (id int, body text)")
        .execute(&mut connection)
        .await?;
    let inserted = sqlx::query("INSERT INTO notes VALUES ($1, $2), ($3, NULL)")
        .bind(1)
        .bind("ä")
        .bind(2)
        .execute(&mut connection)
        .await?;
    want("rows inserted", inserted.rows_affected(), 2)?;
    let body: String =
        sqlx::query_scalar("SELECT n.body FROM notes n JOIN things t USING (id) ORDER BY n.id")
            .fetch_one(&mut connection)
            .await?;
    want("the note", body, "ä")?;
    sqlx::query("DROP TABLE notes")
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// sqlx sends no cancel itself: who wants one asks the server by SQL.
pub async fn canceled() -> Outcome {
    let mut connection = connect().await?;
    let mut other = connect().await?;
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(&mut connection)
        .await?;
    for sql in ["SELECT pg_sleep(60)", SLOW_QUERY] {
        let (answer, sent) = future::join(sqlx::query(sql).execute(&mut connection), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            sqlx::query_scalar::<_, bool>("SELECT pg_cancel_backend($1)")
                .bind(pid)
                .fetch_one(&mut other)
                .await
        })
        .await;
        want("the cancel", sent?, true)?;
        refused(answer, "57014")?;
        goes_on(&mut connection).await?;
    }
    Ok(())
}

pub async fn timed_out() -> Outcome {
    let mut connection = connect().await?;
    sqlx::query("SET statement_timeout = '200ms'")
        .execute(&mut connection)
        .await?;
    for sql in ["SELECT pg_sleep(60)", SLOW_QUERY] {
        refused(sqlx::query(sql).execute(&mut connection).await, "57014")?;
    }
    sqlx::query("RESET statement_timeout")
        .execute(&mut connection)
        .await?;
    goes_on(&mut connection).await
}

pub async fn settings() -> Outcome {
    let startup = options().application_name("twenty-five").options([
        ("statement_timeout", "12345"),
        ("search_path", "public,pg_temp"),
    ]);
    let mut connection = open(startup).await?;
    want(
        "the name",
        show(&mut connection, "application_name").await?,
        "twenty-five",
    )?;
    want(
        "the path",
        show(&mut connection, "search_path").await?,
        "public,pg_temp",
    )?;
    want(
        "the timeout",
        show(&mut connection, "statement_timeout").await?,
        "12345ms",
    )?;
    sqlx::raw_sql("SET application_name = 'another'; SET search_path TO public; SET TIME ZONE 'Europe/Vienna'")
        .execute(&mut connection)
        .await?;
    want(
        "the name",
        show(&mut connection, "application_name").await?,
        "another",
    )?;
    want(
        "the path",
        show(&mut connection, "search_path").await?,
        "public",
    )?;
    want(
        "the zone",
        show(&mut connection, "timezone").await?,
        "Europe/Vienna",
    )?;
    goes_on(&mut connection).await
}

async fn show(connection: &mut PgConnection, name: &str) -> Result<String, Error> {
    sqlx::query_scalar(AssertSqlSafe(format!("SHOW {name}")))
        .fetch_one(connection)
        .await
}

pub async fn metadata() -> Outcome {
    let mut connection = connect().await?;
    let columns: String = sqlx::query_scalar(LIST_COLUMNS)
        .bind("public")
        .fetch_one(&mut connection)
        .await?;
    want("the columns", columns, COLUMNS)?;
    let insert = sqlx::query("INSERT INTO things (id) VALUES ($1)").bind(5_000_i64);
    refused(insert.execute(&mut connection).await, "25006")?;
    goes_on(&mut connection).await
}
