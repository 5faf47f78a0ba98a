//! Statements: prepared, streamed, wrong, several at once, COPY.

use std::pin::pin;

use futures_util::{SinkExt, StreamExt, TryStreamExt, future};
use time::{Date, macros::date};
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::types::Type;
use tokio_postgres::{CopyInSink, SimpleQueryMessage};

use crate::report::{BIG_ROWS, BIG_SUM, Outcome, want};
use crate::server::{connect, goes_on, refused};

/// What `Bytes` is to this client: it names the type itself nowhere.
type Chunk = std::io::Cursor<&'static [u8]>;

pub async fn prepared() -> Outcome {
    let client = connect().await?;
    let statement = client
        .prepare("SELECT day - $2::int FROM things WHERE id = $1")
        .await?;
    for id in 1..=100_i64 {
        let row = client
            .query_one(&statement, &[&id, &(id as i32 - 1)])
            .await?;
        let wanted = (id % 11 != 0).then_some(date!(2024 - 01 - 01));
        want("the day", row.try_get::<_, Option<Date>>(0)?, wanted)?;
    }
    Ok(())
}

pub async fn streamed() -> Outcome {
    let mut client = connect().await?;
    let mut rows = pin!(
        client
            .query_raw("SELECT id FROM big", Vec::<i32>::new())
            .await?
    );
    let (mut count, mut sum) = (0, 0);
    while let Some(row) = rows.try_next().await? {
        count += 1;
        sum += row.get::<_, i64>(0);
    }
    want("the stream", (count, sum), (BIG_ROWS, BIG_SUM))?;
    // A portal is run in pieces, and other statements come between them.
    let transaction = client.transaction().await?;
    let portal = transaction.bind("SELECT id FROM big", &[]).await?;
    (count, sum) = (0, 0);
    loop {
        let page = transaction.query_portal(&portal, 7_000).await?;
        if page.is_empty() {
            break;
        }
        count += page.len() as i64;
        sum += page.iter().map(|row| row.get::<_, i64>(0)).sum::<i64>();
        transaction
            .query_one("SELECT count(*) FROM things WHERE id = $1", &[&count])
            .await?;
    }
    want("the portal", (count, sum), (BIG_ROWS, BIG_SUM))?;
    Ok(transaction.commit().await?)
}

pub async fn abandoned() -> Outcome {
    let mut client = connect().await?;
    {
        let mut rows = pin!(
            client
                .query_raw("SELECT id, label FROM big", Vec::<i32>::new())
                .await?
        );
        for _ in 0..10 {
            want("a row", rows.try_next().await?.is_some(), true)?;
        }
    }
    goes_on(&client).await?;
    let transaction = client.transaction().await?;
    {
        let portal = transaction.bind("SELECT id FROM big", &[]).await?;
        want(
            "a page",
            transaction.query_portal(&portal, 10).await?.len(),
            10,
        )?;
    }
    transaction
        .query_one("SELECT count(*) FROM things", &[])
        .await?;
    transaction.rollback().await?;
    goes_on(&client).await
}

pub async fn diagnosed() -> Outcome {
    let client = connect().await?;
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
        let error = client.query(sql, &[]).await.err().ok_or("no error")?;
        let refusal = error.as_db_error().ok_or("no answer")?;
        want(sql, refusal.code().code(), code)?;
        want(
            sql,
            refusal.position(),
            Some(ErrorPosition::Original(position)),
        )?;
        goes_on(&client).await?;
    }
    Ok(())
}

pub async fn several() -> Outcome {
    let client = connect().await?;
    let messages = client
        .simple_query("SELECT 1; SELECT id FROM things WHERE id <= 2 ORDER BY id; SELECT 'x'")
        .await?;
    let said: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_string),
            SimpleQueryMessage::CommandComplete(count) => Some(format!("({count})")),
            _ => None,
        })
        .collect();
    want("the answers", said.join(" "), "1 (1) 1 2 (2) x (1)")?;
    // Statements that are not waited for go as a pipeline.
    let statement = client
        .prepare("SELECT id FROM things WHERE id = $1")
        .await?;
    let answers = future::try_join_all((1..=50_i64).map(|id| {
        let (client, statement) = (&client, &statement);
        async move { client.query_one(statement, &[&id]).await }
    }))
    .await?;
    want(
        "the pipeline",
        answers.iter().map(|row| row.get::<_, i64>(0)).sum::<i64>(),
        1_275,
    )
}

pub async fn broken_pipeline() -> Outcome {
    let client = connect().await?;
    let statement = client
        .prepare("SELECT 1 / (id - $1) FROM things WHERE id = 2 AND CAST(name AS integer) > 0")
        .await?;
    let (first, second, third) = future::join3(
        client.query_typed("SELECT id FROM things WHERE id = 1", &[]),
        client.query(&statement, &[&2_i64]),
        client.query_typed("SELECT id FROM things WHERE id = 3", &[]),
    )
    .await;
    want("the first", first?[0].get::<_, i64>(0), 1)?;
    refused(second, "22P02")?;
    want("the third", third?[0].get::<_, i64>(0), 3)?;
    goes_on(&client).await
}

pub async fn copy_out() -> Outcome {
    let client = connect().await?;
    let rows =
        "COPY (SELECT id, price, name FROM things WHERE id BETWEEN 2 AND 5 ORDER BY id) TO STDOUT";
    for (options, wanted) in [
        (
            "",
            "2\t-97.50\tO'Brien \"2\"\n3\t-96.25\t😀, 3\n4\t-95.00\tback\\\\slash 4\n5\t-93.75\t\\N\n",
        ),
        (
            " WITH (FORMAT csv)",
            "2,-97.50,\"O'Brien \"\"2\"\"\"\n3,-96.25,\"😀, 3\"\n4,-95.00,back\\slash 4\n5,-93.75,\n",
        ),
    ] {
        let chunks: Vec<_> = client
            .copy_out(&format!("{rows}{options}"))
            .await?
            .try_collect()
            .await?;
        want("the copy", String::from_utf8(chunks.concat())?, wanted)?;
    }
    let stream = client
        .copy_out("COPY (SELECT id, name FROM things ORDER BY id) TO STDOUT WITH (FORMAT binary)")
        .await?;
    let mut rows = pin!(BinaryCopyOutStream::new(stream, &[Type::INT8, Type::TEXT]));
    let mut sum = 0;
    while let Some(row) = rows.try_next().await? {
        sum += row.try_get::<i64>(0)?;
    }
    want("the binary copy", sum, 500_500)?;
    // One that is let go in the middle.
    let mut dropped = Box::pin(client.copy_out("COPY big TO STDOUT").await?);
    want("a chunk", dropped.next().await.is_some(), true)?;
    drop(dropped);
    goes_on(&client).await
}

pub async fn copy_in() -> Outcome {
    let client = connect().await?;
    client
        .batch_execute("CREATE TEMP TABLE copied (id bigint, name text, day date)")
        .await?;
    let mut text: std::pin::Pin<Box<CopyInSink<Chunk>>> =
        Box::pin(client.copy_in("COPY copied FROM STDIN").await?);
    text.send(Chunk::new("1\tGröße\t2024-02-29\n2\t\\N\t\\N\n".as_bytes()))
        .await?;
    want("rows of text", text.as_mut().finish().await?, 2)?;
    let sink = client
        .copy_in("COPY copied FROM STDIN WITH (FORMAT binary)")
        .await?;
    let mut binary = pin!(BinaryCopyInWriter::new(
        sink,
        &[Type::INT8, Type::TEXT, Type::DATE]
    ));
    for id in 3..=5_002_i64 {
        binary.as_mut().write(&[&id, &"😀", &None::<Date>]).await?;
    }
    want("rows of binary", binary.finish().await?, 5_000)?;
    // A sink that is dropped gives the copy up.
    let mut dropped: std::pin::Pin<Box<CopyInSink<Chunk>>> =
        Box::pin(client.copy_in("COPY copied FROM STDIN").await?);
    dropped.send(Chunk::new(b"7\tx\t2024-01-01\n")).await?;
    drop(dropped);
    let row = client
        .query_one(
            "SELECT count(*), sum(id)::bigint, count(day) FROM copied",
            &[],
        )
        .await?;
    want(
        "the table",
        (
            row.get::<_, i64>(0),
            row.get::<_, i64>(1),
            row.get::<_, i64>(2),
        ),
        (5_002, 12_512_503, 1),
    )
}
