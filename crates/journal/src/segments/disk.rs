//! The narrow seam to the file system: the real one, or in tests a simulated one that crashes and fails on demand.
//!
//! Everything the journal writes goes through here, so what a test can break is all there is.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

#[cfg(test)]
pub(crate) mod sim;

/// A file system.
#[derive(Clone)]
pub(crate) enum Disk {
    Real,
    #[cfg(test)]
    Sim(sim::Sim),
}

/// An open file.
pub(crate) enum File {
    Real(fs::File),
    #[cfg(test)]
    Sim(sim::SimFile),
}

impl Disk {
    /// A new, empty file for reading and writing; one that is there loses its content.
    pub(crate) fn create(&self, path: &Path) -> io::Result<File> {
        match self {
            Self::Real => fs::OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(path)
                .map(File::Real),
            #[cfg(test)]
            Self::Sim(sim) => sim.create(path).map(File::Sim),
        }
    }

    pub(crate) fn open_read(&self, path: &Path) -> io::Result<File> {
        match self {
            Self::Real => fs::File::open(path).map(File::Real),
            #[cfg(test)]
            Self::Sim(sim) => sim.open(path).map(File::Sim),
        }
    }

    pub(crate) fn open_write(&self, path: &Path) -> io::Result<File> {
        match self {
            Self::Real => fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open(path)
                .map(File::Real),
            #[cfg(test)]
            Self::Sim(sim) => sim.open(path).map(File::Sim),
        }
    }

    /// The names in a folder, sorted.
    pub(crate) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        match self {
            Self::Real => {
                let mut names = fs::read_dir(dir)?
                    .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                    .collect::<io::Result<Vec<_>>>()?;
                names.sort();
                Ok(names)
            }
            #[cfg(test)]
            Self::Sim(sim) => sim.list(dir),
        }
    }

    /// Makes a folder, unless it is there.
    pub(crate) fn create_dir(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Real => match fs::create_dir(path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
                other => other,
            },
            #[cfg(test)]
            Self::Sim(sim) => sim.create_dir(path),
        }
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self {
            Self::Real => fs::rename(from, to),
            #[cfg(test)]
            Self::Sim(sim) => sim.rename(from, to),
        }
    }

    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Real => fs::remove_file(path),
            #[cfg(test)]
            Self::Sim(sim) => sim.remove(path),
        }
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        match self {
            Self::Real => fs::File::open(dir)?.sync_all(),
            #[cfg(test)]
            Self::Sim(sim) => sim.sync_dir(dir),
        }
    }
}

impl File {
    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Real(file) => Ok(file.metadata()?.len()),
            #[cfg(test)]
            Self::Sim(file) => file.len(),
        }
    }

    /// Reads until `buf` is full or the file ends; returns how much there was.
    pub(crate) fn read_at(&self, buf: &mut [u8], pos: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            match self.read_some(&mut buf[done..], pos + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    fn read_some(&self, buf: &mut [u8], pos: u64) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.read_at(buf, pos),
            #[cfg(test)]
            Self::Sim(file) => file.read_at(buf, pos),
        }
    }

    /// Writes all of `bytes`; after an error any part of them may be in the file.
    pub(crate) fn write_at(&self, bytes: &[u8], pos: u64) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match self.write_some(&bytes[done..], pos + done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn write_some(&self, bytes: &[u8], pos: u64) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.write_at(bytes, pos),
            #[cfg(test)]
            Self::Sim(file) => file.write_at(bytes, pos),
        }
    }

    /// Makes sure that the file is at least `len` bytes long and that writing them needs no more room.
    pub(crate) fn allocate(&self, len: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => match fs4::FileExt::allocate(file, len) {
                // Some network and overlay file systems cannot; then room is found as the file grows.
                Err(e) if e.kind() == io::ErrorKind::Unsupported => Ok(()),
                other => other,
            },
            #[cfg(test)]
            Self::Sim(file) => file.allocate(len),
        }
    }

    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.set_len(len),
            #[cfg(test)]
            Self::Sim(file) => file.set_len(len),
        }
    }

    /// Makes content and length durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self {
            Self::Real(file) => file.sync_data(),
            #[cfg(test)]
            Self::Sim(file) => file.sync(),
        }
    }
}
