//! Does the 25 things with tokio-postgres, unmodified and with its defaults.

#[path = "../../report.rs"]
mod report;
mod server;
mod sessions;
mod statements;
mod values;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    report::run(
        "tokio-postgres",
        [
            Box::pin(server::over_tls()),
            Box::pin(server::without_tls()),
            Box::pin(server::wrong_password()),
            Box::pin(values::typed_rows()),
            Box::pin(values::text_parameters()),
            Box::pin(values::binary_results()),
            Box::pin(values::every_kind()),
            Box::pin(values::arrays()),
            Box::pin(statements::prepared()),
            Box::pin(statements::streamed()),
            Box::pin(statements::abandoned()),
            Box::pin(sessions::committed()),
            Box::pin(sessions::failed()),
            Box::pin(sessions::savepoint()),
            Box::pin(statements::diagnosed()),
            Box::pin(values::empty_result()),
            Box::pin(statements::several()),
            Box::pin(statements::broken_pipeline()),
            Box::pin(statements::copy_out()),
            Box::pin(statements::copy_in()),
            Box::pin(sessions::temporary_table()),
            Box::pin(sessions::canceled()),
            Box::pin(sessions::timed_out()),
            Box::pin(sessions::settings()),
            Box::pin(sessions::metadata()),
        ],
    )
    .await;
}
