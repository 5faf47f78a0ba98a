//! The server that the environment names.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection, Error, PgConnection};

use crate::report::{Outcome, THING_ROWS, variable, want};

/// The certificate signed itself, which rustls accepts only where nobody asks it to be verified.
pub async fn over_tls() -> Outcome {
    goes_on(&mut connect().await?).await
}

pub async fn without_tls() -> Outcome {
    goes_on(&mut open(options().ssl_mode(PgSslMode::Disable)).await?).await
}

pub async fn wrong_password() -> Outcome {
    refused(open(options().password("not the password")).await, "28P01")
}

pub fn options() -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&variable("PGHOST"))
        .port(variable("PGPORT").parse().expect("a port"))
        .username(&variable("PGUSER"))
        .password(&variable("PGPASSWORD"))
        .database(&variable("PGDATABASE"))
        .ssl_mode(PgSslMode::Require)
}

pub async fn connect() -> Result<PgConnection, Error> {
    open(options()).await
}

pub async fn open(options: PgConnectOptions) -> Result<PgConnection, Error> {
    PgConnection::connect_with(&options).await
}

/// The session answers as if nothing had been.
pub async fn goes_on(connection: &mut PgConnection) -> Outcome {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM things")
        .fetch_one(connection)
        .await?;
    want("rows", count, THING_ROWS)
}

/// The error is the server's, with this SQLSTATE.
pub fn refused<T>(result: Result<T, Error>, code: &str) -> Outcome {
    match result {
        Ok(_) => Err(format!("no error, where {code} was wanted").into()),
        Err(error) => match error.as_database_error().and_then(|refusal| refusal.code()) {
            Some(said) if said == code => Ok(()),
            _ => Err(error.into()),
        },
    }
}
