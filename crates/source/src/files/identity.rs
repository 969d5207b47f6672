//! By what a file is known again.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::objects::Input;
use crate::error::Error;

/// What is in an input: the hash and the length of its content, unpacked.
#[derive(Debug)]
pub(crate) struct FileIdentity {
    pub(crate) sha256: [u8; 32],
    pub(crate) length: u64,
    /// Why the content cannot be read beyond `length`, if it should go on there.
    pub(crate) damage: Option<io::Error>,
}

impl FileIdentity {
    /// What positions in this content are called.
    pub(crate) fn name(&self) -> String {
        format!("file:{}", hex::encode(self.sha256))
    }
}

/// Reads an input once to know it. `progress` is told the bytes read and the bytes there are, and says whether to go on
/// (`None` is returned if not). Content that cannot be unpacked to its end is known by what can.
pub(crate) fn identify(
    input: &Input,
    mut progress: impl FnMut(u64, u64) -> bool,
) -> Result<Option<FileIdentity>, Error> {
    let mut content = input
        .open()
        .map_err(|cause| Error::open(input.path(), cause))?;
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
                return Ok(Some(FileIdentity {
                    sha256: hasher.finalize().into(),
                    length,
                    damage: None,
                }));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Ok(Some(FileIdentity {
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
