//! Runs the 25 things that every client does and says how each of them went.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use time::macros::{datetime, format_description};

pub type Outcome = Result<(), Box<dyn Error>>;

/// One of the 25; it opens what it needs and leaves nothing behind.
pub type Thing = Pin<Box<dyn Future<Output = Outcome>>>;

/// The names are those of things.ts, in its order.
const NAMES: [&str; 25] = [
    "connect by SCRAM over TLS",
    "connect without TLS",
    "wrong password is 28P01",
    "typed rows",
    "parameters by text format",
    "binary results",
    "parameters of every kind",
    "arrays as parameter and as result",
    "a prepared statement run 100 times",
    "100,000 rows streamed",
    "a stream abandoned in the middle",
    "a transaction committed",
    "a failed transaction",
    "a savepoint rolled back to",
    "errors with SQLSTATE and position",
    "an empty result has its columns",
    "several statements at once",
    "a pipeline with an error in the middle",
    "COPY TO STDOUT",
    "COPY FROM STDIN into a temporary table",
    "a temporary table",
    "cancel of a running query",
    "statement_timeout",
    "SET, SHOW, application_name, search_path",
    "tables and columns listed, INSERT refused",
];

/// What waits longer than this waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does all things, one after the other, and prints a line for each.
pub async fn run(client: &str, things: [Thing; NAMES.len()]) {
    println!("# client {client} {}", version(client));
    for (index, thing) in things.into_iter().enumerate() {
        let line = format!("{} {}", index + 1, NAMES[index]);
        let outcome = match tokio::time::timeout(PATIENCE, thing).await {
            Ok(outcome) => outcome,
            Err(_) => Err("it never ended".into()),
        };
        match outcome {
            Ok(()) => println!("ok {line}"),
            Err(error) if error.is::<Skip>() => println!("skip {line}: {error}"),
            Err(error) => println!("not ok {line}: {}", one_line(error.as_ref())),
        }
    }
}

/// What a thing ends with that the client cannot do.
#[derive(Debug)]
pub struct Skip(pub &'static str);

impl fmt::Display for Skip {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.0)
    }
}

impl Error for Skip {}

pub fn want(what: &str, got: impl fmt::Debug, wanted: impl fmt::Debug) -> Outcome {
    let (got, wanted) = (format!("{got:?}"), format!("{wanted:?}"));
    if got == wanted {
        Ok(())
    } else {
        Err(format!("{what}: got {got}, not {wanted}").into())
    }
}

fn one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The one that was built in.
fn version(name: &str) -> &'static str {
    let lock = include_str!("Cargo.lock");
    lock.split_once(&format!("name = \"{name}\"\nversion = \""))
        .and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or("of an unknown version")
}

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

pub const THING_ROWS: i64 = 1_000;
pub const BIG_ROWS: i64 = 100_000;
pub const BIG_SUM: i64 = BIG_ROWS * (BIG_ROWS + 1) / 2;

/// It takes far longer than any thing waits; the engine has to count it out.
pub const SLOW_QUERY: &str =
    "SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0";

/// The columns and types of the tables, as information_schema has them.
pub const COLUMNS: &str = "big.id bigint,big.label text,things.id bigint,things.price numeric,things.name text,\
    things.active boolean,things.day date,things.at timestamp without time zone";

pub const LIST_COLUMNS: &str =
    "SELECT string_agg(table_name || '.' || column_name || ' ' || data_type, ',' ORDER BY table_name, ordinal_position)
     FROM information_schema.columns WHERE table_schema = $1";

/// Row `id` of the table things as PostgreSQL prints it; the formulas are those of data.ts.
pub fn row(id: i64) -> Vec<Option<String>> {
    let unless = |divisor: i64, value: String| (id % divisor != 0).then_some(value);
    let start = datetime!(2024-01-01 0:00);
    let cents = id * 125 - 10_000;
    let sign = if cents < 0 { "-" } else { "" };
    let name = match id % 4 {
        0 => format!("back\\slash {id}"),
        1 => format!("Größe {id}"),
        2 => format!("O'Brien \"{id}\""),
        _ => format!("😀, {id}"),
    };
    let at =
        start + Duration::from_secs(id as u64 * 3_607) + Duration::from_micros(id as u64 * 997);
    vec![
        Some(id.to_string()),
        unless(
            13,
            format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100),
        ),
        unless(5, name),
        unless(7, if id % 2 == 0 { "t" } else { "f" }.to_string()),
        unless(
            11,
            (start + Duration::from_secs((id as u64 - 1) * 86_400))
                .date()
                .to_string(),
        ),
        unless(17, timestamp(at)),
    ]
}

/// With as many digits of a second as PostgreSQL prints: none at its end is a zero.
pub fn timestamp(at: time::PrimitiveDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]");
    let printed = at.format(format).expect("it has all of these parts");
    printed
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_string()
}
