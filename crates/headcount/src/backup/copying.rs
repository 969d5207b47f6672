//! Copying files with their hashes, durably.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use sha2::{Digest, Sha256};

/// What is read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// What was copied.
pub(crate) struct CopiedFile {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) mode: u32,
}

/// Copies at most `limit` bytes of a file and syncs the copy, which has the permissions of the original.
pub(crate) fn copy_file(from: &Path, to: &Path, limit: u64) -> io::Result<CopiedFile> {
    let source = File::open(from)?;
    let mode = source.metadata()?.permissions().mode() & 0o777;
    write_file(&mut source.take(limit), to, mode)
}

/// Writes a new file, whose folder it makes, and syncs it.
pub(crate) fn write_file(source: &mut dyn Read, to: &Path, mode: u32) -> io::Result<CopiedFile> {
    fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
    // Nobody else may read the key of people, not even for a moment.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK_BYTES]);
    loop {
        let read = match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        file.write_all(&chunk[..read])?;
        hash.update(&chunk[..read]);
        bytes += read as u64;
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()?;
    Ok(CopiedFile {
        bytes,
        sha256: hex::encode(hash.finalize()),
        mode,
    })
}

/// Makes the names of all files in a folder durable.
pub(crate) fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}
