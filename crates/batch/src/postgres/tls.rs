//! Encryption: who may sign the server's certificate.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What makes connections to servers that have a certificate for their name, by an authority in the file, or by one that
/// the system trusts. The error is a sentence without its end.
pub(super) fn connector(authority: Option<&Path>) -> Result<MakeRustlsConnect, String> {
    let roots = match authority {
        Some(file) => of_file(file)?,
        None => of_system()?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn of_file(file: &Path) -> Result<RootCertStore, String> {
    let failed = |error: &dyn std::fmt::Display| {
        format!(
            "{} does not hold certificates in PEM ({error}); sslrootcert=FILE names it",
            file.display()
        )
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    match roots.is_empty() {
        true => Err(failed(&"there is none in it")),
        false => Ok(roots),
    }
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    match roots.is_empty() {
        true => Err(format!(
            "the system trusts no authority ({}); install ca-certificates, or add sslrootcert=FILE",
            found
                .errors
                .first()
                .map_or_else(|| "none is installed".to_owned(), ToString::to_string)
        )),
        false => Ok(roots),
    }
}
