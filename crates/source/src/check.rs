//! What can be known of a source before it is started: whether it can ever work.

use std::fs::{self, File};
use std::io;

use crate::address::{FileAddress, FilePace, SourceAddress};
use crate::error::Error;

impl SourceAddress {
    /// Whether a source of this address could ever bring a record. Asks nobody on the network: who does not answer now
    /// may answer later. Waits for the disk, so it is not for a thread of the runtime.
    ///
    /// # Errors
    /// When it needs what this program was built without, or a file that is not there or cannot be read. A file that
    /// is followed may appear later.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            SourceAddress::Unbuilt(address) => Err(Error::Unbuilt(address.clone())),
            SourceAddress::File(address) => check_file(address).map_err(|cause| Error::Open {
                path: address.path.clone(),
                cause,
            }),
            _ => Ok(()),
        }
    }
}

fn check_file(FileAddress { path, pace }: &FileAddress) -> io::Result<()> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && *pace == FilePace::Follow => {
            return Ok(());
        }
        metadata => metadata?,
    };
    if metadata.is_dir() && *pace != FilePace::Follow {
        return fs::read_dir(path).map(drop);
    }
    if metadata.is_file() {
        return File::open(path).map(drop);
    }
    match pace {
        FilePace::Follow => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "only a plain file can be followed",
        )),
        // Opening a pipe would wait for its writer.
        FilePace::AtOnce | FilePace::Speed(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_can_never_work_is_known_before_it_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("file:{}", folder.path().join(name).display());
        fs::write(folder.path().join("there"), "{}").unwrap();
        let check = |address: &str| address.parse::<SourceAddress>().unwrap().check();
        for fine in [
            &at("there"),
            &at(""),
            &at("there?speed=2"),
            &at("there?follow=1"),
            &at("later?follow=1"),
            "sim:",
            "-",
            "http://no-such-host.invalid/2/rsvps",
        ] {
            assert!(check(fine).is_ok(), "{fine}");
        }
        for wrong in [&at("gone"), &at("gone?speed=2"), &at("?follow=1")] {
            let error = check(wrong).unwrap_err();
            assert!(matches!(error, Error::Open { .. }), "{wrong}: {error}");
            assert!(error.to_string().contains("is the path right"), "{error}");
        }
    }

    #[cfg(not(feature = "kafka"))]
    #[test]
    fn what_was_not_built_in_can_never_work() {
        let address: SourceAddress = "kafka://h/topic".parse().unwrap();
        assert!(matches!(address.check(), Err(Error::Unbuilt(_))));
    }
}
