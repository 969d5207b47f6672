//! What is told of a command line that cannot be understood. What was typed as an address is not repeated, for it may
//! hold a password, and standard error is often a log that others read.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Stands for what was typed.
const HIDDEN: &str = "...";

/// The same mistake without what may be a secret in it.
pub(crate) fn without_secrets(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::ValueValidation
        && let (Some(argument), Some(sentence)) =
            (error.get(ContextKind::InvalidArg), error.source())
    {
        let sentence = format!("{argument}: {sentence}\n\nFor more information, try '--help'.\n");
        return clap::Error::raw(ErrorKind::ValueValidation, sentence);
    }
    // An address in a place where none belongs.
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
