//! Values on their way there and back.

use std::error::Error;

use rust_decimal::Decimal;
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime, PrimitiveDateTime};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Row, SimpleQueryMessage};

use crate::report::{Outcome, THING_ROWS, row, timestamp, want};
use crate::server::connect;

/// The simple protocol has every value as text.
pub async fn typed_rows() -> Outcome {
    let client = connect().await?;
    let messages = client
        .simple_query("SELECT id, price, name, active, day, at FROM things ORDER BY id")
        .await?;
    let mut id = 0;
    for message in &messages {
        if let SimpleQueryMessage::Row(got) = message {
            id += 1;
            let values: Vec<_> = (0..6)
                .map(|index| got.get(index).map(str::to_string))
                .collect();
            want("a row", values, row(id))?;
        }
    }
    want("rows", id, THING_ROWS)
}

pub async fn binary_results() -> Outcome {
    let client = connect().await?;
    let sql = "SELECT id, price, name, active, day, at FROM things WHERE id <= $1 ORDER BY id";
    let rows = client.query(sql, &[&THING_ROWS]).await?;
    for (index, got) in rows.iter().enumerate() {
        want("a row", printed(got)?, row(index as i64 + 1))?;
    }
    want("rows", rows.len() as i64, THING_ROWS)
}

fn printed(row: &Row) -> Result<Vec<Option<String>>, tokio_postgres::Error> {
    let active: Option<bool> = row.try_get("active")?;
    Ok(vec![
        Some(row.try_get::<_, i64>("id")?.to_string()),
        row.try_get::<_, Option<Decimal>>("price")?
            .map(|price| price.to_string()),
        row.try_get("name")?,
        active.map(|active| if active { "t" } else { "f" }.to_string()),
        row.try_get::<_, Option<Date>>("day")?
            .map(|day| day.to_string()),
        row.try_get::<_, Option<PrimitiveDateTime>>("at")?
            .map(timestamp),
    ])
}

/// A parameter of any type, in its text format.
#[derive(Debug)]
struct Text(&'static str);

impl ToSql for Text {
    fn to_sql(
        &self,
        _type: &Type,
        to: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        to.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_type: &Type) -> bool {
        true
    }

    fn encode_format(&self, _type: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

pub async fn text_parameters() -> Outcome {
    let client = connect().await?;
    let sql = "SELECT id FROM things WHERE price = $1 AND name = $2 AND day = $3";
    let row = client
        .query_one(
            sql,
            &[&Text("-97.50"), &Text("O'Brien \"2\""), &Text("2024-01-02")],
        )
        .await?;
    want("the row", row.get::<_, i64>(0), 2)
}

pub async fn every_kind() -> Outcome {
    let client = connect().await?;
    let none: Option<String> = None;
    let text = "Größe 😀 O'Brien\\".to_string();
    let number: Decimal = "-1234567890123456789.0123456789".parse()?;
    let day = date!(2024 - 02 - 29);
    let at = datetime!(1969-12-31 23:59:59.123456);
    let bytes = vec![0_u8, 1, 0xfe, 0xff, b'\\', b'\''];
    let instant = datetime!(2024-02-29 12:00:00.000001 +2);
    let values = "SELECT $1::text, $2::text, $3::numeric(30,10), $4::date, $5::timestamp, $6::bytea, $7::boolean, $8::bigint,
        $9::float8, $10::timestamptz";
    for from in ["", " FROM things WHERE id = 1"] {
        let row = client
            .query_one(
                &format!("{values}{from}"),
                &[
                    &none,
                    &text,
                    &number,
                    &day,
                    &at,
                    &bytes,
                    &true,
                    &i64::MIN,
                    &0.1_f64,
                    &instant,
                ],
            )
            .await?;
        want("NULL", row.try_get::<_, Option<String>>(0)?, &none)?;
        want("text", row.try_get::<_, String>(1)?, &text)?;
        want("numeric", row.try_get::<_, Decimal>(2)?, number)?;
        want("date", row.try_get::<_, Date>(3)?, day)?;
        want("timestamp", row.try_get::<_, PrimitiveDateTime>(4)?, at)?;
        want("bytea", row.try_get::<_, Vec<u8>>(5)?, &bytes)?;
        want("boolean", row.try_get::<_, bool>(6)?, true)?;
        want("bigint", row.try_get::<_, i64>(7)?, i64::MIN)?;
        want("float8", row.try_get::<_, f64>(8)?, 0.1)?;
        want(
            "timestamptz",
            row.try_get::<_, OffsetDateTime>(9)? == instant,
            true,
        )?;
    }
    Ok(())
}

pub async fn arrays() -> Outcome {
    let client = connect().await?;
    let ids = vec![1_i64, 2, 3, 5_000];
    let found = client
        .query_one(
            "SELECT count(*), array_agg(id ORDER BY id) FROM things WHERE id = ANY($1)",
            &[&ids],
        )
        .await?;
    want("ids found", found.try_get::<_, i64>(0)?, 3)?;
    want("ids", found.try_get::<_, Vec<i64>>(1)?, [1, 2, 3])?;
    let names = vec![Some("Größe 1"), Some("O'Brien \"2\""), None, Some("NULL")];
    let sql = "SELECT count(*), array_agg(price ORDER BY id) FROM things WHERE name = ANY($1)";
    let found = client.query_one(sql, &[&names]).await?;
    want("names found", found.try_get::<_, i64>(0)?, 2)?;
    let prices: Vec<Decimal> = found.try_get(1)?;
    want(
        "prices",
        prices.iter().map(Decimal::to_string).collect::<Vec<_>>(),
        ["-98.75", "-97.50"],
    )?;
    let row = client
        .query_one(
            "SELECT array_agg(name ORDER BY id) FROM things WHERE id BETWEEN 2 AND 5",
            &[],
        )
        .await?;
    let wanted = [
        Some("O'Brien \"2\""),
        Some("😀, 3"),
        Some("back\\slash 4"),
        None,
    ];
    want("names", row.try_get::<_, Vec<Option<String>>>(0)?, wanted)
}

pub async fn empty_result() -> Outcome {
    let client = connect().await?;
    let statement = client
        .prepare("SELECT id, price, name, active, day, at FROM things WHERE id < 0")
        .await?;
    let columns: Vec<_> = statement
        .columns()
        .iter()
        .map(|column| format!("{} {}", column.name(), column.type_()))
        .collect();
    want(
        "the columns",
        columns.join(","),
        "id int8,price numeric,name text,active bool,day date,at timestamp",
    )?;
    want(
        "the modifier",
        statement.columns()[1].type_modifier(),
        786_438,
    )?;
    want("rows", client.query(&statement, &[]).await?.len(), 0)
}
