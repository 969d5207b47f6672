//! Exit codes of sysexits.h, so that scripts can tell what to do.

use std::{fmt, io};

/// The command line is wrong.
pub(crate) const USAGE: u8 = 64;
/// The data is not what it should be.
pub(crate) const DATA: u8 = 65;
/// An input cannot be opened or read.
pub(crate) const NO_INPUT: u8 = 66;
/// A program that this one needs is not there.
pub(crate) const UNAVAILABLE: u8 = 69;
/// A bug in headcount, or a limit that was reached.
pub(crate) const SOFTWARE: u8 = 70;
/// headcount cannot create a file or listen on an address.
pub(crate) const CANNOT_CREATE: u8 = 73;
/// Reading or writing failed.
pub(crate) const IO: u8 = 74;
/// Try again later: the disk is full or a server is away.
pub(crate) const TEMPORARY: u8 = 75;
/// A signal stopped the command before it was done: 128 + SIGINT, as shells report it.
pub(crate) const INTERRUPTED: u8 = 130;
/// The configuration cannot work.
pub(crate) const CONFIG: u8 = 78;

/// An error with the exit code that says what kind it is.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Exit {}

/// The reader of the results has gone, as `head` does when it has enough. That ends a command without a failure.
#[derive(Debug)]
pub(crate) struct ReaderGone;

impl fmt::Display for ReaderGone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the reader of the results has gone")
    }
}

impl std::error::Error for ReaderGone {}

/// An error with a code of its own.
pub(crate) fn exit(code: u8, message: impl Into<String>) -> anyhow::Error {
    Exit {
        code,
        message: message.into(),
    }
    .into()
}

/// The exit code of an error.
pub(crate) fn code_of(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(exit) = cause.downcast_ref::<Exit>() {
            return exit.code;
        }
        if let Some(error) = cause.downcast_ref::<headcount_journal::Error>() {
            return code_of_journal(error);
        }
        if let Some(error) = cause.downcast_ref::<headcount_serving::Error>() {
            return code_of_serving(error);
        }
        // An error of the archive may be one of its lake, and either may have another cause.
        let lake = match cause.downcast_ref() {
            Some(headcount_lake::archive::Error::Lake(error)) => Some(error),
            Some(error) if let Some(code) = code_of_archive(error) => return code,
            _ => cause.downcast_ref(),
        };
        if let Some(code) = lake.and_then(code_of_lake) {
            return code;
        }
        if let Some(error) = cause.downcast_ref::<headcount_source::Error>() {
            return code_of_source(error);
        }
        if let Some(code) = cause.downcast_ref().and_then(code_of_models) {
            return code;
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::IsADirectory => NO_INPUT,
                io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable => CANNOT_CREATE,
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => TEMPORARY,
                _ => IO,
            };
        }
    }
    SOFTWARE
}

/// The exit code of a source's error.
pub(crate) fn code_of_source(error: &headcount_source::Error) -> u8 {
    use headcount_source::Error;
    match error {
        Error::Open { .. } | Error::Read { .. } | Error::Fetch(_) | Error::Input(_) => NO_INPUT,
        Error::Unsupported { .. } | Error::Changed { .. } => DATA,
        Error::Unbuilt(_) => USAGE,
        _ => SOFTWARE,
    }
}

fn code_of_serving(error: &headcount_serving::Error) -> u8 {
    use headcount_serving::Error;
    match error {
        Error::Unavailable { .. } => TEMPORARY,
        Error::Address(_) => USAGE,
        _ => CONFIG,
    }
}

fn code_of_archive(error: &headcount_lake::archive::Error) -> Option<u8> {
    use headcount_lake::archive::Error;
    match error {
        Error::Order { .. } | Error::Conflict { .. } | Error::Gap { .. } => Some(DATA),
        Error::Nothing { .. } => Some(NO_INPUT),
        _ => None,
    }
}

fn code_of_models(error: &headcount_models::Error) -> Option<u8> {
    use headcount_models::Error;
    match error {
        Error::Refused { .. } | Error::Promotion { .. } | Error::NoBetter { .. } => Some(DATA),
        Error::NoVersion { .. } => Some(NO_INPUT),
        Error::InUse { .. } => Some(USAGE),
        Error::Swept { .. } => Some(TEMPORARY),
        Error::Lake(_) => None,
    }
}

/// Of files on the disk, the cause says more.
fn code_of_lake(error: &headcount_lake::Error) -> Option<u8> {
    use headcount_lake::Error;
    match error {
        Error::Unavailable { .. } => Some(TEMPORARY),
        Error::Damaged { .. } => Some(DATA),
        Error::Address(_) | Error::Key { .. } => Some(USAGE),
        Error::Io { .. } | Error::Body { .. } => None,
        _ => Some(CONFIG),
    }
}

fn code_of_journal(error: &headcount_journal::Error) -> u8 {
    use headcount_journal::Error;
    match error {
        Error::Locked { .. } => CANNOT_CREATE,
        // A journal that is closed under a process that uses it has lost its writer.
        Error::Full { .. } | Error::Poisoned { .. } | Error::Closed => TEMPORARY,
        Error::Corrupt { .. } | Error::NotAJournal { .. } | Error::Lost { .. } => DATA,
        Error::Partitions { .. } | Error::Option(_) => USAGE,
        // Another version of headcount reads it.
        Error::Version { .. } => CONFIG,
        _ => IO,
    }
}
