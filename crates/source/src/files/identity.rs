//! By what a file is known again.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::open::open;
use crate::error::Error;

/// What is in a file: the hash and the length of its content, unpacked.
#[derive(Debug)]
pub struct Identity {
    pub sha256: [u8; 32],
    pub length: u64,
    /// Why the content cannot be read beyond `length`, if it should go on there.
    pub damage: Option<io::Error>,
}

impl Identity {
    /// What positions in this content are called.
    pub fn name(&self) -> String {
        let mut name = String::from("file:");
        for byte in self.sha256 {
            // Writing to a text cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

/// Reads a file once to know it. `progress` is told the bytes read and the bytes there are, and says whether to go on
/// (`None` is returned if not). Content that cannot be unpacked to its end is known by what can.
pub fn identify(
    path: &Path,
    mut progress: impl FnMut(u64, u64) -> bool,
) -> Result<Option<Identity>, Error> {
    let mut content = open(path).map_err(|cause| Error::Open {
        path: path.to_owned(),
        cause,
    })?;
    let mut hasher = Sha256::new();
    let mut length = 0;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let (done, total) = content.progress();
        if !progress(done, total) {
            return Ok(None);
        }
        match content.read(&mut buffer) {
            Ok(0) => {
                return Ok(Some(Identity {
                    sha256: hasher.finalize().into(),
                    length,
                    damage: None,
                }));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Ok(Some(Identity {
                    sha256: hasher.finalize().into(),
                    length,
                    damage: Some(error),
                }));
            }
            Ok(count) => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}
