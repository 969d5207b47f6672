//! How the program ends: codes as in sysexits, which supervisors and scripts understand.

use std::io;

use crate::{error::Error, named::FilterError, training::NothingLearnt};

/// The command line is wrong.
pub(crate) const USAGE: u8 = 64;
/// What was given is wrong in itself: damaged, or of another version.
pub(crate) const DATA: u8 = 65;
/// A file or folder that is needed is not there.
pub(crate) const NO_INPUT: u8 = 66;
/// Something is wrong inside.
pub(crate) const INTERNAL: u8 = 70;
/// Another process holds it.
pub(crate) const CANNOT_CREATE: u8 = 73;
/// A disk or a store failed.
pub(crate) const IO: u8 = 74;

/// The code for the cause of an error.
#[must_use]
pub(crate) fn code_of(error: &anyhow::Error) -> u8 {
    if error.is::<FilterError>() {
        return USAGE;
    }
    if error.is::<NothingLearnt>() || error.is::<headcount_models::Error>() {
        return DATA;
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::IsADirectory => NO_INPUT,
            _ => IO,
        };
    }
    match error.downcast_ref::<Error>() {
        Some(
            Error::Gap { .. }
            | Error::Kind { .. }
            | Error::Control { .. }
            | Error::IndexDamaged { .. }
            | Error::Foreign { .. }
            | Error::OtherJournal { .. }
            | Error::AheadOfJournal { .. }
            | Error::BehindJournal { .. },
        ) => DATA,
        Some(Error::Index {
            cause: fjall::Error::Locked,
            ..
        }) => CANNOT_CREATE,
        Some(
            Error::Journal(_)
            | Error::Index { .. }
            | Error::Delta { .. }
            | Error::Store(_)
            | Error::Postgres(_),
        ) => IO,
        Some(Error::NoJournal { .. }) => NO_INPUT,
        Some(Error::Other(_)) | None => INTERNAL,
    }
}
