//! Encryption: who may sign the nodes' certificates, and what must stand in them.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

/// Nodes must have a certificate by one of those in the file, for their IP address, or for the one name of all.
pub(super) fn config(ca: &Path, name: Option<&str>) -> Result<Arc<ClientConfig>, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| said(&error))?;
    let roots = authorities(ca)?;
    let config = match name {
        None => builder.with_root_certificates(roots).with_no_client_auth(),
        Some(name) => {
            let provider = Arc::new(ring::default_provider());
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| said(&error))?;
            let name = ServerName::try_from(name.to_owned()).map_err(|error| said(&error))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Named { name, verifier }))
                .with_no_client_auth()
        }
    };
    Ok(Arc::new(config))
}

fn authorities(ca: &Path) -> Result<RootCertStore, String> {
    let named = |error: &dyn std::fmt::Display| {
        format!(
            "{} does not hold certificates in PEM ({error}); ca=FILE names it",
            ca.display()
        )
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|error| named(&error))? {
        let certificate = certificate.map_err(|error| named(&error))?;
        roots.add(certificate).map_err(|error| named(&error))?;
    }
    if roots.is_empty() {
        return Err(named(&"there is none in it"));
    }
    Ok(roots)
}

/// Nodes are known by IP address, which changes where they are moved about: then their certificates share a name.
/// Everything else is looked at as usual.
#[derive(Debug)]
struct Named {
    name: ServerName<'static>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _address: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier
            .verify_server_cert(certificate, intermediates, &self.name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
