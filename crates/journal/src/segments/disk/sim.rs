//! A disk in memory that forgets what was not synced, fails when told to, and can be full.
//!
//! Each file has the content that programs see (`now`) and the content that a power cut leaves (`durable`); between the
//! two lie the changes since the last sync. The same holds for names and folders. A failed sync drops those changes
//! while programs go on seeing them, which is what Linux does.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::segments::tests::Random;

#[derive(Clone, Default)]
pub(crate) struct Sim(Arc<Mutex<SimState>>);

pub(crate) struct SimFile {
    sim: Sim,
    id: usize,
}

#[derive(Default)]
struct SimState {
    files: Vec<SimContent>,
    names: Names,
    durable_names: Names,
    /// Name changes since the folder they are in was synced.
    pending_names: Vec<NameChange>,
    ops: u64,
    crash_at: Option<u64>,
    faults: Vec<Fault>,
    written_before_fault: usize,
    capacity: Option<usize>,
    sync_takes: Duration,
}

type Names = BTreeMap<PathBuf, SimNode>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum SimNode {
    Dir,
    File(usize),
}

#[derive(Clone)]
enum NameChange {
    Put(PathBuf, SimNode),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

#[derive(Default, Clone)]
struct SimContent {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<FileChange>,
}

#[derive(Clone)]
enum FileChange {
    Write(usize, Vec<u8>),
    Len(usize),
}

/// What can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Create,
    Open,
    Read,
    Write,
    Allocate,
    SetLen,
    Sync,
    SyncDir,
    Rename,
    Remove,
    CreateDir,
}

/// After `skip` more operations of this kind, the next one fails so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) op: Op,
    pub(crate) skip: u32,
    pub(crate) errno: i32,
    /// A write does so many bytes before it fails.
    pub(crate) written: usize,
}

pub(crate) const EIO: i32 = 5;
pub(crate) const EMFILE: i32 = 24;
pub(crate) const ENOSPC: i32 = 28;

/// What a power cut leaves of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrashDamage {
    /// Nothing.
    DropAll,
    /// Everything, and it is on the disk.
    KeepAll,
    /// Everything, and it is still not on the disk: the process was killed, the machine was not.
    Killed,
    /// The first changes, the last of them torn at any byte.
    Prefix,
    /// Any sectors of so many bytes, in any order.
    Sectors(usize),
}

impl CrashDamage {
    pub(crate) const ALL: [Self; 7] = [
        Self::DropAll,
        Self::KeepAll,
        Self::Killed,
        Self::Prefix,
        Self::Sectors(1),
        Self::Sectors(64),
        Self::Sectors(512),
    ];
}

impl Sim {
    /// A disk with an empty folder on it.
    pub(crate) fn with_dir(dir: &Path) -> Self {
        let sim = Self::default();
        let mut state = sim.lock();
        state.names.insert(dir.to_owned(), SimNode::Dir);
        state.durable_names = state.names.clone();
        drop(state);
        sim
    }

    /// After so many more changes the machine stands still: every further operation fails.
    pub(crate) fn crash_after(&self, ops: u64) {
        let mut state = self.lock();
        state.crash_at = Some(state.ops + ops);
    }

    /// How many changes there have been.
    pub(crate) fn ops(&self) -> u64 {
        self.lock().ops
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    pub(crate) fn heal(&self) {
        let mut state = self.lock();
        state.faults.clear();
        state.capacity = None;
    }

    /// No more than so many bytes in all files.
    pub(crate) fn set_capacity(&self, bytes: usize) {
        self.lock().capacity = Some(bytes);
    }

    /// Lets every sync take so long.
    pub(crate) fn slow_down(&self, sync_takes: Duration) {
        self.lock().sync_takes = sync_takes;
    }

    pub(crate) fn used(&self) -> usize {
        self.lock().used()
    }

    /// The content of a file, as programs see it.
    pub(crate) fn content(&self, path: &Path) -> Vec<u8> {
        let state = self.lock();
        let id = state.file(path).expect("the test knows its files");
        state.files[id].now.clone()
    }

    /// Puts a file in place, durably, whatever was there.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.lock();
        let node = SimNode::File(state.files.len());
        state.files.push(SimContent::of(bytes.to_vec()));
        state.names.insert(path.to_owned(), node);
        state.durable_names.insert(path.to_owned(), node);
    }

    /// The disk as it is after the machine came up again.
    pub(crate) fn after_crash(&self, damage: CrashDamage, random: &mut Random) -> Self {
        let state = self.lock();
        if damage == CrashDamage::Killed {
            return state.killed();
        }
        let mut names = state.durable_names.clone();
        let kept = match damage {
            CrashDamage::DropAll => 0,
            CrashDamage::KeepAll => state.pending_names.len(),
            _ => random.below(state.pending_names.len() as u64 + 1) as usize,
        };
        for change in &state.pending_names[..kept] {
            change.apply(&mut names);
        }
        let files = state
            .files
            .iter()
            .map(|file| SimContent::of(file.after_crash(damage, random)))
            .collect();
        Self(Arc::new(Mutex::new(SimState {
            files,
            durable_names: names.clone(),
            names,
            ..SimState::default()
        })))
    }

    pub(crate) fn create(&self, path: &Path) -> io::Result<SimFile> {
        let mut state = self.lock();
        state.change(Op::Create)?;
        let id = state.files.len();
        state.files.push(SimContent::default());
        state.rename_all(NameChange::Put(path.to_owned(), SimNode::File(id)));
        Ok(self.file(id))
    }

    pub(crate) fn open(&self, path: &Path) -> io::Result<SimFile> {
        let mut state = self.lock();
        state.fault(Op::Open)?;
        let id = state.file(path)?;
        Ok(self.file(id))
    }

    pub(crate) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.lock();
        if !state.names.contains_key(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let name = |path: &PathBuf| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        Ok(state
            .names
            .keys()
            .filter(|path| path.parent() == Some(dir))
            .filter_map(name)
            .collect())
    }

    pub(crate) fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.change(Op::CreateDir)?;
        if !state.names.contains_key(path) {
            state.rename_all(NameChange::Put(path.to_owned(), SimNode::Dir));
        }
        Ok(())
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.change(Op::Rename)?;
        state.file(from)?;
        state.rename_all(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.change(Op::Remove)?;
        state.file(path)?;
        state.rename_all(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    pub(crate) fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.change(Op::SyncDir)?;
        let pending = std::mem::take(&mut state.pending_names);
        for change in pending {
            if change.dir() == Some(dir) {
                change.apply(&mut state.durable_names);
            } else {
                state.pending_names.push(change);
            }
        }
        Ok(())
    }

    fn file(&self, id: usize) -> SimFile {
        SimFile {
            sim: self.clone(),
            id,
        }
    }

    fn lock(&self) -> MutexGuard<'_, SimState> {
        self.0.lock().expect("a simulated disk does not panic")
    }
}

impl SimFile {
    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.sim.lock().files[self.id].now.len() as u64)
    }

    pub(crate) fn read_at(&self, buf: &mut [u8], pos: u64) -> io::Result<usize> {
        let mut state = self.sim.lock();
        state.fault(Op::Read)?;
        let rest = state.files[self.id]
            .now
            .get(pos as usize..)
            .unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    pub(crate) fn write_at(&self, bytes: &[u8], pos: u64) -> io::Result<usize> {
        let mut state = self.sim.lock();
        let pos = pos as usize;
        if let Err(error) = state.change(Op::Write) {
            let written = std::mem::take(&mut state.written_before_fault).min(bytes.len());
            if written > 0 {
                state.write(self.id, pos, &bytes[..written]);
            }
            return Err(error);
        }
        let grows = (pos + bytes.len()).saturating_sub(state.files[self.id].now.len());
        let lacking = state.lacking(grows);
        if lacking > 0 && lacking >= bytes.len() {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        let n = bytes.len() - lacking;
        state.write(self.id, pos, &bytes[..n]);
        Ok(n)
    }

    pub(crate) fn allocate(&self, len: u64) -> io::Result<()> {
        let mut state = self.sim.lock();
        state.change(Op::Allocate)?;
        let grows = (len as usize).saturating_sub(state.files[self.id].now.len());
        if state.lacking(grows) > 0 {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        if grows > 0 {
            state.set_len(self.id, len as usize);
        }
        Ok(())
    }

    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.sim.lock();
        state.change(Op::SetLen)?;
        state.set_len(self.id, len as usize);
        Ok(())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        let takes = self.sim.lock().sync_takes;
        if !takes.is_zero() {
            std::thread::sleep(takes);
        }
        let mut state = self.sim.lock();
        let done = state.change(Op::Sync);
        let file = &mut state.files[self.id];
        match done {
            Ok(()) => file.durable.clone_from(&file.now),
            Err(e) if e.raw_os_error().is_none() => return Err(e),
            // The pages are marked clean although they are not on the disk.
            Err(_) => {}
        }
        file.pending.clear();
        done
    }
}

impl SimState {
    /// The same disk, with nothing lost and nothing more synced.
    fn killed(&self) -> Sim {
        Sim(Arc::new(Mutex::new(Self {
            files: self.files.clone(),
            names: self.names.clone(),
            durable_names: self.durable_names.clone(),
            pending_names: self.pending_names.clone(),
            ..Self::default()
        })))
    }

    /// Counts a change, unless the machine stands still or the change is to fail.
    fn change(&mut self, op: Op) -> io::Result<()> {
        if self.crash_at.is_some_and(|at| self.ops >= at) {
            return Err(io::Error::other("the machine stands still"));
        }
        self.ops += 1;
        self.fault(op)
    }

    fn fault(&mut self, op: Op) -> io::Result<()> {
        let Some(index) = self.faults.iter().position(|fault| fault.op == op) else {
            return Ok(());
        };
        if self.faults[index].skip > 0 {
            self.faults[index].skip -= 1;
            return Ok(());
        }
        let fault = self.faults.remove(index);
        self.written_before_fault = fault.written;
        Err(io::Error::from_raw_os_error(fault.errno))
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(SimNode::File(id)) => Ok(*id),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn rename_all(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    fn used(&self) -> usize {
        let ids = self.names.values().filter_map(|node| match node {
            SimNode::File(id) => Some(*id),
            SimNode::Dir => None,
        });
        ids.map(|id| self.files[id].now.len()).sum()
    }

    fn lacking(&self, grows: usize) -> usize {
        let room = self
            .capacity
            .map_or(usize::MAX, |bytes| bytes.saturating_sub(self.used()));
        grows.saturating_sub(room)
    }

    fn write(&mut self, id: usize, pos: usize, bytes: &[u8]) {
        let change = FileChange::Write(pos, bytes.to_vec());
        change.apply(&mut self.files[id].now);
        self.files[id].pending.push(change);
    }

    fn set_len(&mut self, id: usize, len: usize) {
        self.files[id].now.resize(len, 0);
        self.files[id].pending.push(FileChange::Len(len));
    }
}

impl NameChange {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Put(path, node) => {
                names.insert(path.clone(), *node);
            }
            Self::Remove(path) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }

    fn dir(&self) -> Option<&Path> {
        let (Self::Put(path, _) | Self::Remove(path) | Self::Rename(_, path)) = self;
        path.parent()
    }
}

impl SimContent {
    fn of(bytes: Vec<u8>) -> Self {
        Self {
            now: bytes.clone(),
            durable: bytes,
            pending: Vec::new(),
        }
    }

    fn after_crash(&self, damage: CrashDamage, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        match damage {
            CrashDamage::DropAll => {}
            CrashDamage::KeepAll | CrashDamage::Killed => bytes.clone_from(&self.now),
            CrashDamage::Prefix => {
                let kept = random.below(self.pending.len() as u64 + 1) as usize;
                for change in &self.pending[..kept] {
                    change.apply(&mut bytes);
                }
                if let Some(FileChange::Write(pos, torn)) = self.pending.get(kept) {
                    let torn = &torn[..random.below(torn.len() as u64 + 1) as usize];
                    FileChange::Write(*pos, torn.to_vec()).apply(&mut bytes);
                }
            }
            CrashDamage::Sectors(size) => {
                for change in &self.pending {
                    change.apply_sectors(size, &mut bytes, random);
                }
            }
        }
        bytes
    }
}

impl FileChange {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Len(len) => bytes.resize(*len, 0),
            Self::Write(pos, data) => {
                if bytes.len() < pos + data.len() {
                    bytes.resize(pos + data.len(), 0);
                }
                bytes[*pos..pos + data.len()].copy_from_slice(data);
            }
        }
    }

    fn apply_sectors(&self, size: usize, bytes: &mut Vec<u8>, random: &mut Random) {
        match self {
            Self::Len(_) if random.below(2) == 0 => self.apply(bytes),
            Self::Len(_) => {}
            Self::Write(pos, data) => {
                // Often nearly all of it, sometimes nearly none.
                let odds = random.below(16) + 1;
                for (index, sector) in data.chunks(size).enumerate() {
                    if random.below(16) < odds {
                        Self::Write(pos + index * size, sector.to_vec()).apply(bytes);
                    }
                }
            }
        }
    }
}
