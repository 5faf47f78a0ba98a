//! Statements: prepared, streamed, wrong, several at once, COPY.

use futures_util::TryStreamExt;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};
use sqlx::{Connection, Either, Row};
use time::{Date, macros::date};

use crate::report::{BIG_ROWS, BIG_SUM, Outcome, want};
use crate::server::{connect, goes_on, refused};

/// What is bound is kept as a named statement, by its text.
pub async fn prepared() -> Outcome {
    let mut connection = connect().await?;
    for id in 1..=100_i64 {
        let day: Option<Date> =
            sqlx::query_scalar("SELECT day - $2::int FROM things WHERE id = $1")
                .bind(id)
                .bind(id as i32 - 1)
                .fetch_one(&mut connection)
                .await?;
        want(
            "the day",
            day,
            (id % 11 != 0).then_some(date!(2024 - 01 - 01)),
        )?;
    }
    connection.clear_cached_statements().await?;
    goes_on(&mut connection).await
}

pub async fn streamed() -> Outcome {
    let mut connection = connect().await?;
    let (mut count, mut sum) = (0, 0);
    {
        let mut rows = sqlx::query("SELECT id FROM big").fetch(&mut connection);
        while let Some(row) = rows.try_next().await? {
            count += 1;
            sum += row.try_get::<i64, _>(0)?;
        }
    }
    want("the stream", (count, sum), (BIG_ROWS, BIG_SUM))?;
    // sqlx has no fetch size: who wants one declares a cursor.
    let mut transaction = connection.begin().await?;
    sqlx::query("DECLARE pages CURSOR FOR SELECT id FROM big")
        .execute(&mut *transaction)
        .await?;
    (count, sum) = (0, 0);
    loop {
        let page: Vec<i64> = sqlx::query_scalar("FETCH 7000 FROM pages")
            .fetch_all(&mut *transaction)
            .await?;
        if page.is_empty() {
            break;
        }
        count += page.len() as i64;
        sum += page.iter().sum::<i64>();
    }
    want("the cursor", (count, sum), (BIG_ROWS, BIG_SUM))?;
    Ok(transaction.commit().await?)
}

pub async fn abandoned() -> Outcome {
    let mut connection = connect().await?;
    {
        let mut rows = sqlx::query("SELECT id, label FROM big").fetch(&mut connection);
        for _ in 0..10 {
            want("a row", rows.try_next().await?.is_some(), true)?;
        }
    }
    goes_on(&mut connection).await?;
    // One row is asked for of a portal that has more.
    let one: i64 = sqlx::query_scalar("SELECT id FROM big ORDER BY id")
        .fetch_one(&mut connection)
        .await?;
    want("the first", one, 1)?;
    goes_on(&mut connection).await
}

pub async fn diagnosed() -> Outcome {
    let mut connection = connect().await?;
    for (sql, code, position) in [
        ("SELECT id, nothing FROM things", "42703", 12),
        ("SELECT id FROM nothing", "42P01", 16),
        ("SELEC 1", "42601", 1),
        (
            "SELECT id FROM things WHERE 'ä' = name AND x = 1",
            "42703",
            44,
        ),
    ] {
        let error = sqlx::query(sql)
            .fetch_all(&mut connection)
            .await
            .err()
            .ok_or("no error")?;
        let refusal = error
            .as_database_error()
            .ok_or("no answer")?
            .downcast_ref::<PgDatabaseError>();
        want(sql, refusal.code(), code)?;
        want(
            sql,
            refusal.position() == Some(PgErrorPosition::Original(position)),
            true,
        )?;
        goes_on(&mut connection).await?;
    }
    Ok(())
}

pub async fn several() -> Outcome {
    let mut connection = connect().await?;
    let sql = "SELECT '1'; SELECT name FROM things WHERE id IN (2, 4) ORDER BY id; SELECT 'x'";
    let answers: Vec<_> = sqlx::raw_sql(sql)
        .fetch_many(&mut connection)
        .try_collect()
        .await?;
    let mut said = Vec::new();
    for answer in &answers {
        said.push(match answer {
            Either::Left(done) => format!("({})", done.rows_affected()),
            Either::Right(row) => row.try_get(0)?,
        });
    }
    want(
        "the answers",
        said.join(" "),
        "1 (1) O'Brien \"2\" back\\slash 4 (2) x (1)",
    )
}

/// sqlx has no pipeline; the statements of one string are its batch.
pub async fn broken_batch() -> Outcome {
    let mut connection = connect().await?;
    let sql =
        "SET application_name = 'lost'; SELECT nothing FROM things; SET application_name = 'never'";
    refused(sqlx::raw_sql(sql).execute(&mut connection).await, "42703")?;
    let name: String = sqlx::query_scalar("SHOW application_name")
        .fetch_one(&mut connection)
        .await?;
    want("the name", name, "")?;
    goes_on(&mut connection).await
}

pub async fn copy_out() -> Outcome {
    let mut connection = connect().await?;
    for (sql, wanted) in [
        (
            "COPY (SELECT id, price, name FROM things WHERE id BETWEEN 2 AND 5 ORDER BY id) TO STDOUT",
            "2\t-97.50\tO'Brien \"2\"\n3\t-96.25\t😀, 3\n4\t-95.00\tback\\\\slash 4\n5\t-93.75\t\\N\n",
        ),
        (
            "COPY (SELECT id, price, name FROM things WHERE id BETWEEN 2 AND 5 ORDER BY id) TO STDOUT WITH (FORMAT csv)",
            "2,-97.50,\"O'Brien \"\"2\"\"\"\n3,-96.25,\"😀, 3\"\n4,-95.00,back\\slash 4\n5,-93.75,\n",
        ),
    ] {
        let chunks: Vec<_> = connection.copy_out_raw(sql).await?.try_collect().await?;
        want("the copy", String::from_utf8(chunks.concat())?, wanted)?;
    }
    let sizes: usize = connection
        .copy_out_raw("COPY (SELECT id FROM big) TO STDOUT WITH (FORMAT binary)")
        .await?
        .try_fold(0, |sum, chunk| std::future::ready(Ok(sum + chunk.len())))
        .await?;
    want("the bytes", sizes as i64, 19 + BIG_ROWS * 14 + 2)?;
    goes_on(&mut connection).await
}

pub async fn copy_in() -> Outcome {
    let mut connection = connect().await?;
    sqlx::raw_sql("CREATE TEMP TABLE copied (id bigint, name text, day date)")
        .execute(&mut connection)
        .await?;
    let mut copy = connection.copy_in_raw("COPY copied FROM STDIN").await?;
    copy.send("1\tGröße\t2024-02-29\n2\t".as_bytes()).await?;
    copy.send("\\N\t\\N\n".as_bytes()).await?;
    want("rows", copy.finish().await?, 2)?;
    let mut copy = connection
        .copy_in_raw("COPY copied (id) FROM STDIN")
        .await?;
    copy.send("7\n".as_bytes()).await?;
    copy.abort("changed my mind").await?;
    let mut copy = connection
        .copy_in_raw("COPY copied (id) FROM STDIN")
        .await?;
    copy.send("8\nnine\n".as_bytes()).await?;
    refused(copy.finish().await, "22P02")?;
    let row: (i64, i64, Option<String>) =
        sqlx::query_as("SELECT count(*), sum(id)::bigint, max(name) FROM copied")
            .fetch_one(&mut connection)
            .await?;
    want("the table", row, (2, 3, Some("Größe")))?;
    goes_on(&mut connection).await
}
