//! The server that the environment names, with and without TLS.

use std::sync::Arc;

use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::report::{Outcome, THING_ROWS, variable, want};

pub async fn over_tls() -> Outcome {
    for binding in [ChannelBinding::Require, ChannelBinding::Disable] {
        let client = open(config().channel_binding(binding)).await?;
        goes_on(&client).await?;
    }
    Ok(())
}

pub async fn without_tls() -> Outcome {
    let (client, connection) = config().ssl_mode(SslMode::Disable).connect(NoTls).await?;
    tokio::spawn(connection);
    goes_on(&client).await
}

pub async fn wrong_password() -> Outcome {
    refused(open(config().password("not the password")).await, "28P01")
}

pub fn config() -> Config {
    let mut config = Config::new();
    config
        .host(variable("PGHOST"))
        .port(variable("PGPORT").parse().expect("a port"))
        .user(variable("PGUSER"))
        .password(variable("PGPASSWORD"))
        .dbname(variable("PGDATABASE"))
        .ssl_mode(SslMode::Require);
    config
}

pub async fn connect() -> Result<Client, Error> {
    open(&config()).await
}

pub async fn open(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(tls()).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The session answers as if nothing had been.
pub async fn goes_on(client: &Client) -> Outcome {
    let row = client.query_one("SELECT count(*) FROM things", &[]).await?;
    want("rows", row.get::<_, i64>(0), THING_ROWS)
}

/// The error is the server's, with this SQLSTATE.
pub fn refused<T>(result: Result<T, Error>, code: &str) -> Outcome {
    match result {
        Ok(_) => Err(format!("no error, where {code} was wanted").into()),
        Err(error) => match error.code() {
            Some(said) if said.code() == code => Ok(()),
            _ => Err(error.into()),
        },
    }
}

/// Accepts the one certificate that the environment names.
pub fn tls() -> MakeRustlsConnect {
    let provider = Arc::new(ring::default_provider());
    let certificate =
        CertificateDer::from_pem_file(variable("PGSSLROOTCERT")).expect("a certificate");
    let pinned = Pinned {
        certificate,
        provider: provider.clone(),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    MakeRustlsConnect::new(config)
}

/// A certificate that signed itself is no server's by rustls's own rules.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::General("another certificate".to_string()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
