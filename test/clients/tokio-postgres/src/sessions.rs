//! Transactions, cancels, settings and what the session is told of the tables.

use std::error::Error;
use std::time::Duration;

use futures_util::future;
use tokio_postgres::{Client, IsolationLevel, SimpleQueryMessage};

use crate::report::{COLUMNS, LIST_COLUMNS, Outcome, SLOW_QUERY, want};
use crate::server::{config, connect, goes_on, open, refused, tls};

pub async fn committed() -> Outcome {
    let mut client = connect().await?;
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    want(
        "the mode",
        show(transaction.client(), "transaction_read_only").await?,
        "on",
    )?;
    want(
        "the level",
        show(transaction.client(), "transaction_isolation").await?,
        "repeatable read",
    )?;
    transaction.commit().await?;
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("SET application_name = 'kept'")
        .await?;
    transaction.commit().await?;
    // A transaction that is dropped is rolled back.
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("SET application_name = 'lost'")
        .await?;
    drop(transaction);
    want("the name", show(&client, "application_name").await?, "kept")
}

pub async fn failed() -> Outcome {
    let mut client = connect().await?;
    let transaction = client.transaction().await?;
    refused(
        transaction.query("SELECT nothing FROM things", &[]).await,
        "42703",
    )?;
    refused(
        transaction.query("SELECT id FROM things", &[]).await,
        "25P02",
    )?;
    transaction.rollback().await?;
    goes_on(&client).await
}

pub async fn savepoint() -> Outcome {
    let mut client = connect().await?;
    let mut transaction = client.transaction().await?;
    let inner = transaction.savepoint("before").await?;
    refused(
        inner.query("SELECT nothing FROM things", &[]).await,
        "42703",
    )?;
    inner.rollback().await?;
    let nested = transaction.transaction().await?;
    goes_on(nested.client()).await?;
    nested.commit().await?;
    goes_on(transaction.client()).await?;
    transaction.commit().await?;
    goes_on(&client).await
}

pub async fn temporary_table() -> Outcome {
    let client = connect().await?;
    client
        .batch_execute("CREATE TEMP TABLE notes (id int, body text)")
        .await?;
    let count = client
        .execute(
            "INSERT INTO notes VALUES ($1, $2), ($3, NULL)",
            &[&1, &"ä", &2],
        )
        .await?;
    want("rows inserted", count, 2)?;
    let row = client
        .query(
            "SELECT n.body FROM notes n JOIN things t USING (id) ORDER BY n.id",
            &[],
        )
        .await?;
    want("the note", row[0].try_get::<_, String>(0)?, "ä")?;
    Ok(client.batch_execute("DROP TABLE notes").await?)
}

pub async fn canceled() -> Outcome {
    let client = connect().await?;
    for sql in ["SELECT pg_sleep(60)", SLOW_QUERY] {
        let token = client.cancel_token();
        let (answer, sent) = future::join(client.query(sql, &[]), async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            token.cancel_query(tls()).await
        })
        .await;
        sent?;
        refused(answer, "57014")?;
        goes_on(&client).await?;
    }
    Ok(())
}

pub async fn timed_out() -> Outcome {
    let client = connect().await?;
    client
        .batch_execute("SET statement_timeout = '200ms'")
        .await?;
    for sql in ["SELECT pg_sleep(60)", SLOW_QUERY] {
        refused(client.query(sql, &[]).await, "57014")?;
    }
    client.batch_execute("RESET statement_timeout").await?;
    goes_on(&client).await
}

pub async fn settings() -> Outcome {
    let options = "-c statement_timeout=12345 -c search_path=public,pg_temp";
    let client = open(config().application_name("twenty-five").options(options)).await?;
    want(
        "the name",
        show(&client, "application_name").await?,
        "twenty-five",
    )?;
    want(
        "the path",
        show(&client, "search_path").await?,
        "public,pg_temp",
    )?;
    want(
        "the timeout",
        show(&client, "statement_timeout").await?,
        "12345ms",
    )?;
    client
        .batch_execute("SET application_name = 'another'; SET search_path TO public; SET TIME ZONE 'Europe/Vienna'")
        .await?;
    want(
        "the name",
        show(&client, "application_name").await?,
        "another",
    )?;
    want("the path", show(&client, "search_path").await?, "public")?;
    want(
        "the zone",
        show(&client, "timezone").await?,
        "Europe/Vienna",
    )?;
    goes_on(&client).await
}

async fn show(client: &Client, name: &str) -> Result<String, Box<dyn Error>> {
    let messages = client.simple_query(&format!("SHOW {name}")).await?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(value.ok_or("no row")?.to_string())
}

pub async fn metadata() -> Outcome {
    let client = connect().await?;
    let row = client.query_one(LIST_COLUMNS, &[&"public"]).await?;
    want("the columns", row.try_get::<_, String>(0)?, COLUMNS)?;
    refused(
        client
            .execute("INSERT INTO things (id) VALUES ($1)", &[&5_000_i64])
            .await,
        "25006",
    )?;
    goes_on(&client).await
}
