//! Values on their way there and back.

use rust_decimal::Decimal;
use sqlx::postgres::{PgRow, PgValueFormat};
use sqlx::{AssertSqlSafe, Column, Executor, Row, SqlSafeStr, Statement, TypeInfo};
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::report::{Outcome, THING_ROWS, row, timestamp, want};
use crate::server::connect;

/// Raw SQL goes by the simple protocol, which has every value as text.
pub async fn typed_rows() -> Outcome {
    let mut connection = connect().await?;
    let sql = "SELECT id, price, name, active, day, at FROM things ORDER BY id";
    compare(
        &sqlx::raw_sql(sql).fetch_all(&mut connection).await?,
        PgValueFormat::Text,
    )
}

pub async fn binary_results() -> Outcome {
    let mut connection = connect().await?;
    let sql = "SELECT id, price, name, active, day, at FROM things WHERE id <= $1 ORDER BY id";
    let rows = sqlx::query(sql)
        .bind(THING_ROWS)
        .fetch_all(&mut connection)
        .await?;
    compare(&rows, PgValueFormat::Binary)
}

fn compare(rows: &[PgRow], format: PgValueFormat) -> Outcome {
    for (index, got) in rows.iter().enumerate() {
        want("a row", printed(got)?, row(index as i64 + 1))?;
    }
    want("text", rows[0].try_get_raw(0)?.format() == format, true)?;
    want("rows", rows.len() as i64, THING_ROWS)
}

fn printed(row: &PgRow) -> Result<Vec<Option<String>>, sqlx::Error> {
    let active: Option<bool> = row.try_get("active")?;
    Ok(vec![
        Some(row.try_get::<i64, _>("id")?.to_string()),
        row.try_get::<Option<Decimal>, _>("price")?
            .map(|price| format!("{price:.2}")),
        row.try_get("name")?,
        active.map(|active| if active { "t" } else { "f" }.to_string()),
        row.try_get::<Option<Date>, _>("day")?
            .map(|day| day.to_string()),
        row.try_get::<Option<PrimitiveDateTime>, _>("at")?
            .map(timestamp),
    ])
}

pub async fn every_kind() -> Outcome {
    let mut connection = connect().await?;
    let text = "Größe 😀 O'Brien\\";
    let number: Decimal = "-1234567890123456789.0123456789".parse()?;
    let day = date!(2024 - 02 - 29);
    let at = datetime!(1969-12-31 23:59:59.123456);
    let bytes = vec![0_u8, 1, 0xfe, 0xff, b'\\', b'\''];
    let instant = datetime!(2024-02-29 12:00:00.000001 +2);
    let values = "SELECT $1::text, $2::text, $3::numeric(30,10), $4::date, $5::timestamp, $6::bytea, $7::boolean, $8::bigint,
        $9::float8, $10::timestamptz";
    for from in ["", " FROM things WHERE id = 1"] {
        let row = sqlx::query(AssertSqlSafe(format!("{values}{from}")))
            .bind(None::<String>)
            .bind(text)
            .bind(number)
            .bind(day)
            .bind(at)
            .bind(&bytes)
            .bind(true)
            .bind(i64::MIN)
            .bind(0.1_f64)
            .bind(instant)
            .fetch_one(&mut connection)
            .await?;
        want("NULL", row.try_get::<Option<String>, _>(0)?, None::<String>)?;
        want("text", row.try_get::<String, _>(1)?, text)?;
        want("numeric", row.try_get::<Decimal, _>(2)?, number)?;
        want("date", row.try_get::<Date, _>(3)?, day)?;
        want("timestamp", row.try_get::<PrimitiveDateTime, _>(4)?, at)?;
        want("bytea", row.try_get::<Vec<u8>, _>(5)?, &bytes)?;
        want("boolean", row.try_get::<bool, _>(6)?, true)?;
        want("bigint", row.try_get::<i64, _>(7)?, i64::MIN)?;
        want("float8", row.try_get::<f64, _>(8)?, 0.1)?;
        want(
            "timestamptz",
            row.try_get::<OffsetDateTime, _>(9)? == instant,
            true,
        )?;
    }
    Ok(())
}

pub async fn arrays() -> Outcome {
    let mut connection = connect().await?;
    let (found, ids): (i64, Vec<i64>) =
        sqlx::query_as("SELECT count(*), array_agg(id ORDER BY id) FROM things WHERE id = ANY($1)")
            .bind(vec![1_i64, 2, 3, 5_000])
            .fetch_one(&mut connection)
            .await?;
    want("ids", (found, ids), (3, [1, 2, 3]))?;
    let (found, prices): (i64, Vec<Decimal>) = sqlx::query_as(
        "SELECT count(*), array_agg(price ORDER BY id) FROM things WHERE name = ANY($1)",
    )
    .bind(vec![
        Some("Größe 1"),
        Some("O'Brien \"2\""),
        None,
        Some("NULL"),
    ])
    .fetch_one(&mut connection)
    .await?;
    want("names found", found, 2)?;
    want(
        "prices",
        prices
            .iter()
            .map(|price| format!("{price:.2}"))
            .collect::<Vec<_>>(),
        ["-98.75", "-97.50"],
    )?;
    let names: Vec<Option<String>> = sqlx::query_scalar(
        "SELECT array_agg(name ORDER BY id) FROM things WHERE id BETWEEN 2 AND 5",
    )
    .fetch_one(&mut connection)
    .await?;
    want(
        "names",
        names,
        [
            Some("O'Brien \"2\""),
            Some("😀, 3"),
            Some("back\\slash 4"),
            None,
        ],
    )
}

pub async fn empty_result() -> Outcome {
    let mut connection = connect().await?;
    let sql = "SELECT id, price, name, active, day, at FROM things WHERE id < 0";
    let statement = connection.prepare(sql.into_sql_str()).await?;
    let columns: Vec<_> = statement
        .columns()
        .iter()
        .map(|column| format!("{} {}", column.name(), column.type_info().name()))
        .collect();
    want(
        "the columns",
        columns.join(","),
        "id INT8,price NUMERIC,name TEXT,active BOOL,day DATE,at TIMESTAMP",
    )?;
    want(
        "rows",
        statement.query().fetch_all(&mut connection).await?.len(),
        0,
    )
}
