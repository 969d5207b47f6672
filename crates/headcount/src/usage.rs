//! Errors about the command line. They never repeat an address: it may hold a password, and standard error often ends up
//! in a log that others read.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Replaces what the user typed.
const HIDDEN: &str = "...";

/// The same error without anything that may be a secret.
pub(crate) fn without_secrets(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::ValueValidation
        && let (Some(argument), Some(sentence)) =
            (error.get(ContextKind::InvalidArg), error.source())
    {
        let sentence = format!("{argument}: {sentence}\n\nFor more information, try '--help'.\n");
        return clap::Error::raw(ErrorKind::ValueValidation, sentence);
    }
    // The user typed an address where none belongs.
    let addresses: Vec<ContextKind> = error
        .context()
        .filter(|(_, value)| matches!(value, ContextValue::String(text) if text.contains("://")))
        .map(|(kind, _)| kind)
        .collect();
    for kind in addresses {
        error.insert(kind, ContextValue::String(HIDDEN.to_owned()));
    }
    error
}
