//! Objects of a store, read one after another as the files of a folder are.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::open::{Content, open, open_bytes};
use crate::address::Objects;
use crate::error::{Ended, Error};
use crate::run::Context;

/// Runs the source of objects.
pub(crate) async fn run(objects: Objects, mut context: Context) -> Result<Ended, Error> {
    for at in 0..objects.keys.len() {
        let of = objects.clone();
        let fetched = super::blocking(Path::new(&objects.name), move || of.fetch(at));
        let Some(fetched) = context.shutdown.or(fetched).await else {
            return Ok(Ended::Stopped);
        };
        if super::import::run_over(&fetched??, &mut context).await? == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
    }
    Ok(Ended::Finished)
}

impl Objects {
    fn fetch(&self, at: usize) -> Result<Input, Error> {
        let key = &self.keys[at];
        let bytes = (self.fetch)(key).map_err(Error::Fetch)?;
        let path = PathBuf::from(format!("{}/{key}", self.name));
        Ok(Input::Object { path, bytes })
    }
}

/// What is read from its beginning to its end, and can be read again.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    File(PathBuf),
    /// Fetched as a whole; the path is only what it is called.
    Object {
        path: PathBuf,
        bytes: Bytes,
    },
}

impl Input {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Object { path, .. } => path,
        }
    }

    pub(crate) fn open(&self) -> io::Result<Content> {
        match self {
            Self::File(path) => open(path),
            Self::Object { bytes, .. } => open_bytes(bytes.clone()),
        }
    }
}
