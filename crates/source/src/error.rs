//! What ends a source. Trouble on the network does not: it is reported in the status and tried again.

use std::io;
use std::path::{Path, PathBuf};

use crate::address::Unbuilt;

/// Why a source could not go on. Each says its cause itself: what is printed as a chain says it once.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program accepts no more records.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A file cannot be opened.
    #[error("{path}: {cause} (is the path right, and may this user read it?)", path = path.display())]
    Open {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Headcount does not read the format of a file; the sentence says what converts it.
    #[error("{path}: {cause}", path = path.display())]
    Unsupported {
        /// Of the file.
        path: PathBuf,
        /// What the format is, and the way out.
        cause: io::Error,
    },
    /// A file cannot be read to its end.
    #[error("{path}: reading failed at byte {at} of its content: {cause} (headcount took everything before it)", path = path.display())]
    Read {
        /// Of the file.
        path: PathBuf,
        /// How many bytes of its content (unpacked) could be read.
        at: u64,
        /// What the system or the decoder says.
        cause: io::Error,
    },
    /// A file became shorter while it was read.
    #[error("{path}: the file changed while headcount read it (import it again when no program writes to it)", path = path.display())]
    Changed {
        /// Of the file.
        path: PathBuf,
    },
    /// A stream of Kinesis cannot be read on.
    #[cfg(feature = "kinesis")]
    #[error(transparent)]
    Kinesis(#[from] headcount_kinesis::Error),
    /// The program was built without what the address needs.
    #[error(
        "{0}: this headcount was built without {engine}; build it with: cargo build --release --features cluster",
        engine = .0.engine
    )]
    Unbuilt(Unbuilt),
    /// An object cannot be fetched; the sentence says which one, and why.
    #[error("{0}")]
    Fetch(String),
    /// Standard input cannot be read.
    #[error("standard input: {0}")]
    Input(io::Error),
    /// The client that makes connections cannot be set up on this machine.
    #[error("this machine cannot set up an HTTP client: {0}")]
    Client(String),
    /// A part of the source panicked: our bug.
    #[error("the reader of {0} panicked (this is a bug in headcount)")]
    Broken(String),
}

impl Error {
    /// Of a path that could not be opened.
    pub(crate) fn open(path: &Path, cause: io::Error) -> Self {
        let path = path.to_owned();
        match cause.kind() {
            // The path is right, and the user may read it.
            io::ErrorKind::Unsupported | io::ErrorKind::InvalidData => {
                Self::Unsupported { path, cause }
            }
            _ => Self::Open { path, cause },
        }
    }
}

/// The program accepts no more records: it is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("headcount accepts no more records: it is stopping")]
pub struct Stopped;

/// How a source ended in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There is nothing more to read.
    Finished,
    /// It was told to stop.
    Stopped,
}
