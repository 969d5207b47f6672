//! Why a connection with TLS does not come about, for people.

use std::error::Error;
use std::io;

use rustls::CertificateError as Refused;

/// What is wrong with the other side's certificate, as half a sentence with what can be done; `None` if that is not it.
pub(crate) fn trouble_with(error: &(dyn Error + 'static)) -> Option<String> {
    // An error of input and output hides what it is made of, which may be another one.
    if let Some(inner) = error.downcast_ref().and_then(io::Error::get_ref) {
        return trouble_with(inner);
    }
    match error.downcast_ref()? {
        rustls::Error::InvalidCertificate(refused) => Some(sentence(refused)),
        rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => Some(
            "the server does not speak TLS (InvalidContentType): is it http:// or ws://?"
                .to_owned(),
        ),
        _ => None,
    }
}

fn sentence(refused: &Refused) -> String {
    match refused {
        Refused::UnknownIssuer | Refused::BadSignature => {
            format!(
                "this machine does not trust the issuer of its certificate ({refused:?}): if you issued it, name the file \
             of your certificate authority in SSL_CERT_FILE"
            )
        }
        Refused::NotValidForName => another_name(""),
        Refused::NotValidForNameContext { presented, .. } => {
            another_name(&format!(" ({})", presented.join(", ")))
        }
        Refused::Expired | Refused::ExpiredContext { .. } => {
            "its certificate has expired, or the clock of this machine is wrong".to_owned()
        }
        Refused::NotValidYet | Refused::NotValidYetContext { .. } => {
            "its certificate is not valid yet, or the clock of this machine is wrong".to_owned()
        }
        other => format!("its certificate is not acceptable: {other}"),
    }
}

fn another_name(names: &str) -> String {
    format!("its certificate is for another name{names}: give the address with the right one")
}
