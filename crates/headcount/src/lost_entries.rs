//! Puts back entries that a journal has lost: from what can still be read of it, and from its archive.

use anyhow::Result;
use headcount_journal::{Entry, Repair, Report};
use headcount_lake::archive::{Archive, ArchivedEntry};
use headcount_record::{Control, Kind};

use crate::{
    data::DataDir,
    exit::{DATA, exit},
    roles::process::checkpoints::Checkpoints,
    text::number,
    witnesses::Witness,
};

/// Entries are made durable when so many bytes have come together, at the end of a batch.
const PUT_BACK_BYTES: usize = 1 << 20;

/// What became of one partition that had lost entries.
pub(crate) struct RestoredPartition {
    pub(crate) partition: u16,
    /// How many entries were written again.
    pub(crate) put_back: u64,
    /// The entries from `from` to `last` are gone for good.
    pub(crate) lost: Option<(u64, u64)>,
    /// Why the archive did not have more.
    reason: String,
}

/// Whether the journal lacks anything that it once had.
pub(crate) fn has_lost(data: &DataDir) -> Result<bool> {
    Ok(!check(data)?.is_sound())
}

/// Refuses a data folder whose journal is damaged, or ends before what was made of it.
pub(crate) fn ensure_whole(data: &DataDir) -> Result<()> {
    let report = check(data)?;
    let mut damage = report.partitions.into_iter().flat_map(|part| part.damage);
    damage.next().map_or(Ok(()), |damage| Err(damage.into()))
}

/// Reads every byte of the journal and checks it, and whether each partition reaches its witnesses.
pub(crate) fn check(data: &DataDir) -> Result<Report> {
    let before = headcount_journal::stat(data.journal())?;
    // What was made of a journal that is being written is read before its end.
    let known = before
        .partitions
        .iter()
        .map(|part| witnesses(data, before.id, part.partition))
        .collect::<Result<Vec<_>>>()?;
    let mut report = headcount_journal::verify(data.journal())?;
    for (part, witnesses) in report.partitions.iter_mut().zip(&known) {
        // Damage that was found explains an early end.
        let ahead = witnesses
            .iter()
            .filter_map(|witness| witness.check(data, part.partition, part.end).err())
            .next();
        if part.damage.is_empty() {
            part.damage.extend(ahead);
        }
    }
    Ok(report)
}

/// Everything that a data folder knows of how far a partition reached.
pub(crate) fn witnesses(data: &DataDir, journal: u64, at: u16) -> Result<Vec<Witness>> {
    let counted = Checkpoints::Folder(data.clone()).start(journal, at);
    let counted = Witness::checkpoint(data, at, counted.partition.next_offset());
    let archived = Witness::local_archive(data, journal, at)?;
    Ok(archived.into_iter().chain([counted]).collect())
}

/// Puts back what the archive has, if there is one. What it does not have is an error, unless the loss is accepted.
pub(crate) fn put_back(
    data: &DataDir,
    archive: Option<&Archive>,
    accept_loss: bool,
) -> Result<Vec<RestoredPartition>> {
    let mut repair = Repair::open(data.journal())?;
    let archive = archive.filter(|archive| archive.description().journal == repair.id());
    let mut repaired = Vec::new();
    for at in 0..repair.partitions() {
        let mut reached = repair.reached(at);
        for witness in witnesses(data, repair.id(), at)? {
            reached = reached.max(witness.offset);
        }
        if let Some(archive) = archive {
            reached = reached.max(archive.position(at));
        }
        let before = repair.end(at);
        if before >= reached && repair.damage(at).is_none() {
            continue;
        }
        let reason = put_back_partition(&mut repair, archive, at, reached)?;
        let end = repair.end(at);
        repaired.push(RestoredPartition {
            partition: at,
            put_back: end - before,
            lost: (end < reached).then(|| (end, reached - 1)),
            reason,
        });
    }
    if !accept_loss {
        ensure_nothing_lost(data, &repaired)?;
    }
    let ends: Vec<_> = (0..repair.partitions()).map(|at| repair.end(at)).collect();
    let id = repair.id();
    repair.finish()?;
    for (at, end) in (0..).zip(ends) {
        Checkpoints::Folder(data.clone()).discard_beyond(id, at, end)?;
    }
    Ok(repaired)
}

fn ensure_nothing_lost(data: &DataDir, repaired: &[RestoredPartition]) -> Result<()> {
    let lost: Vec<_> = repaired
        .iter()
        .filter_map(|part| Some((part, part.lost?)))
        .map(|(part, (from, last))| {
            let RestoredPartition {
                partition, reason, ..
            } = part;
            let many = number(last - from + 1);
            format!("partition {partition}: {many} entries, {from} to {last} ({reason})")
        })
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    let folder = data.path().display();
    Err(exit(
        DATA,
        format!(
            "entries of the journal {} are neither in it nor in an archive: {}; pass --lake if the archive is elsewhere, restore \
             a backup, or go on without them: headcount rebuild --data {folder} --accept-loss (if {folder} is a copy that was \
             made while headcount ran, they are those that came during the copy)",
            data.journal().display(),
            lost.join("; ")
        ),
    ))
}

/// Puts back as much as there is; returns why there is no more.
fn put_back_partition(
    repair: &mut Repair,
    archive: Option<&Archive>,
    at: u16,
    reached: u64,
) -> Result<String> {
    let mut reason = "there is no archive of this journal".to_owned();
    loop {
        let before = repair.end(at);
        // A group is whole batches, but one may be begun by what the archive had of it.
        let mut batches = Batches::default();
        let mut groups = Vec::new();
        repair.salvage(at, before, |group| groups.push(group))?;
        for entry in groups.into_iter().flatten() {
            batches.add(repair, at, entry)?;
        }
        batches.write(repair, at)?;
        if let Some(archive) = archive
            && repair.end(at) < reached
        {
            reason = put_back_archived(repair, archive, at)?;
        }
        if repair.end(at) == before || repair.end(at) >= reached {
            return Ok(reason);
        }
    }
}

fn put_back_archived(repair: &mut Repair, archive: &Archive, at: u16) -> Result<String> {
    let mut batches = Batches::default();
    let mut entries = archive.entries(at);
    loop {
        match entries.advance() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                batches.write(repair, at)?;
                return Ok(format!("the archive is damaged: {error}"));
            }
        }
        let end = repair.end(at);
        for entry in entries.iter().filter(|entry| entry.offset >= end) {
            // What was written is at or after the end that this loop began with.
            if entry.offset >= repair.end(at) + batches.len() {
                batches.add(repair, at, to_entry(&entry))?;
            }
        }
    }
    batches.write(repair, at)?;
    Ok(format!(
        "the archive ends at offset {}",
        archive.position(at)
    ))
}

fn to_entry(entry: &ArchivedEntry<'_>) -> (i64, Entry) {
    let appended = Entry {
        kind: entry.kind.number(),
        source: entry.source,
        key: None,
        body: entry.body.to_vec(),
    };
    (entry.arrived, appended)
}

/// Entries that are to be written when their batch is complete: half a batch would wait for its other half for ever.
#[derive(Default)]
struct Batches {
    entries: Vec<(i64, Entry)>,
    /// How many of them belong to complete batches.
    complete: usize,
    bytes: usize,
}

impl Batches {
    fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    fn add(&mut self, repair: &mut Repair, at: u16, entry: (i64, Entry)) -> Result<()> {
        let (kind, body) = (Kind::new(entry.1.kind), &entry.1.body);
        let ends = kind == Kind::CONTROL
            && matches!(Control::from_body(body), Ok(Control::Position { .. }));
        self.bytes += body.len();
        self.entries.push(entry);
        if ends {
            self.complete = self.entries.len();
            if self.bytes >= PUT_BACK_BYTES {
                return self.write(repair, at);
            }
        }
        Ok(())
    }

    /// Writes the complete batches and keeps the rest.
    fn write(&mut self, repair: &mut Repair, at: u16) -> Result<()> {
        repair.put_back(at, &self.entries[..self.complete])?;
        self.entries.drain(..self.complete);
        self.complete = 0;
        self.bytes = self.entries.iter().map(|(_, entry)| entry.body.len()).sum();
        Ok(())
    }
}
