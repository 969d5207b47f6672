//! `headcount import`: adds recordings to the journal, exactly once.

mod imported;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result, ensure};
use headcount_journal::Journal;
use headcount_source::{Ended, Error as SourceError, Resume, SourceAddress, status::Status};
use tokio::{runtime::Runtime, sync::watch};

use self::imported::{Became, Imported, difference, sum};
use crate::{
    cli,
    data::DataDir,
    event_bus::EventBus,
    exit::{DATA, INTERRUPTED, SOFTWARE, USAGE, code_of_source, exit},
    failures::Failures,
    interrupt_handler::InterruptHandler,
    mappings::{Mappings, as_records},
    opening_notice::OpeningNotice,
    progress::Bar,
    recordings::{RecordingFile, no_record_in},
    roles::ingest::appender::Appender,
    roles::ingest::ingest_loop::Ingested,
    roles::ingest::known_sources::{KnownSources, repaired_of, tally_of},
    roles::ingest::origin::refuse_mix,
    roles::ingest::people::PeopleOption,
    roles::ingest::queue::{IngestQueue, resume},
    store::{JournalSnapshot, Store},
    text::number,
};

pub(crate) fn run(args: cli::ImportArgs) -> Result<()> {
    let mut files = Vec::new();
    for file in args.files {
        files.extend(file.find()?);
    }
    let mut mappings = Mappings::default();
    if let Some(mapping) = &args.mapping {
        for file in &mut files {
            let address = file.address.clone();
            file.address = as_records(address, mapping).map_err(|error| exit(USAGE, error))?;
            mappings.add(file.source.to_string(), Arc::clone(mapping));
        }
    }
    let data = DataDir::new(args.data.data.clone());
    let people = PeopleOption {
        mode: args.keep.masking_mode(),
        key: args.people_key,
        data: data.clone(),
    };
    let runtime = Runtime::new().context("start the runtime")?;
    let bar = Bar::new();
    let imported = match args.journal {
        Some(address) => {
            let waiting = OpeningNotice::on(&address);
            let journal = Arc::new(address.open(args.keep.partitions, &args.worker, true)?);
            drop(waiting);
            ensure!(
                journal.capabilities().keeps_positions,
                "this journal does not record how far files have been read; use run --source file:PATH"
            );
            let positions = journal.positions()?;
            let mut known: Vec<_> = positions
                .iter()
                .map(|bodies| KnownSources::of_bodies(bodies))
                .collect();
            forget_kept_out(&mut known);
            let import = Importer::new(&runtime, &bar, &journal, &known, &address);
            let imported = import.take(files, people, mappings, &EventBus::new());
            // Also after a failure: an open transaction would hold up the readers of the journal.
            let closed = journal.close().context("close the journal");
            let imported = imported?;
            closed?;
            imported
        }
        None => {
            let lake = (!args.no_archive).then_some(args.lake);
            let mut store = Store::open(&data, args.keep.partitions, lake, args.disk)?;
            forget_kept_out(&mut store.known);
            let place = data.path().display();
            let import = Importer::new(&runtime, &bar, &store.journal, &store.known, &place);
            let imported = import.take(files, people, mappings, &store.bus);
            bar.phase("counting and archiving".to_owned());
            let before = sum(store.known.iter().map(|known| known.tally.clone()));
            let repaired_before: u64 = store.known.iter().map(|known| known.repaired).sum();
            let closed = store.close();
            let mut imported = imported?;
            closed?;
            let counted = JournalSnapshot::read(&data)?.partitions;
            let after = sum(counted.iter().map(tally_of));
            let repaired: u64 = counted.iter().map(repaired_of).sum();
            imported.became = Some(Became {
                tally: difference(&after, &before),
                repaired: repaired - repaired_before,
            });
            imported
        }
    };
    bar.over();
    // Print what was done before what went wrong.
    let printed = imported.print(args.data.json);
    imported.failed.into_result().and(printed)
}

/// Reads again what holds records that were kept out and count by now.
fn forget_kept_out(known: &mut [KnownSources]) {
    let now = headcount_clock::now_ms();
    for known in known {
        known.forget_kept_out(now);
    }
}

/// An import into an open journal.
struct Importer<'a> {
    runtime: &'a Runtime,
    bar: &'a Bar,
    journal: &'a Arc<Journal>,
    known: &'a [KnownSources],
    /// The journal's name in a sentence.
    place: String,
}

/// A file that was read to its end.
struct ReadFile {
    label: String,
    /// By which its records were accounted for.
    content: String,
    /// If it is one on this machine.
    path: Option<PathBuf>,
}

impl<'a> Importer<'a> {
    fn new(
        runtime: &'a Runtime,
        bar: &'a Bar,
        journal: &'a Arc<Journal>,
        known: &'a [KnownSources],
        place: &impl ToString,
    ) -> Self {
        Self {
            runtime,
            bar,
            journal,
            known,
            place: place.to_string(),
        }
    }

    /// Takes recordings into the journal.
    fn take(
        &self,
        files: Vec<RecordingFile>,
        people: PeopleOption,
        mappings: Mappings,
        bus: &EventBus,
    ) -> Result<Imported> {
        let names = files.iter().map(|file| &*file.source);
        refuse_mix(&self.place, self.known, names)?;
        let masking = people.open(&self.place, self.known)?;
        let journal = Arc::clone(self.journal);
        let appender = Appender::new(journal, masking, self.known, bus)?
            .with_mappings(mappings.clone(), self.known)?;
        self.runtime.block_on(async {
            let queue = IngestQueue::start(appender, bus.clone())?;
            let interrupt = InterruptHandler::listen(Arc::clone(self.journal))?;
            let mut failed = Failures::default();
            let read = self
                .read_all(files, &queue, &mappings, &interrupt, &mut failed)
                .await;
            // Everything before a failure is stored. A failure of the journal shows at a source only as a closed queue.
            let ingested = queue.finish().await;
            interrupt.closes();
            let (read, Ingested { appender, refused }) = (read?, ingested?);
            for sentence in refused {
                failed.add(SOFTWARE, sentence);
            }
            for ReadFile {
                label,
                content,
                path,
            } in read
            {
                if let (0, refused @ 1..) = appender.counts_of(&content) {
                    failed.add(DATA, no_record_in(&label, path.as_deref(), refused));
                }
            }
            let (kept, refused) = appender.counts();
            Ok(Imported {
                kept,
                refused: refused.clone(),
                became: None,
                failed,
            })
        })
    }

    /// Reads files in their order, each to its last record. A file that cannot be read does not stop the others.
    async fn read_all(
        &self,
        files: Vec<RecordingFile>,
        queue: &IngestQueue,
        mappings: &Mappings,
        interrupt: &InterruptHandler,
        failed: &mut Failures,
    ) -> Result<Vec<ReadFile>> {
        let known = resume(self.known)?;
        let mut read = Vec::new();
        for file in files {
            let (source, label) = (Arc::clone(&file.source), file.label.clone());
            let path = match &file.address {
                SourceAddress::File(file) => Some(file.path.clone()),
                _ => None,
            };
            let (ended, status) = self.read(file, queue, &known, interrupt).await?;
            match ended {
                Ok(Ended::Finished) => {
                    let content = status.content.unwrap_or_else(|| source.to_string());
                    let content = mappings.kept(&source, &content);
                    let begun_before = known.of(&content).and_then(|known| known.at) > Some(0);
                    // An earlier import may have taken all of its records.
                    if !begun_before {
                        read.push(ReadFile {
                            label,
                            content,
                            path,
                        });
                    }
                }
                Ok(Ended::Stopped) => {
                    failed.add(INTERRUPTED, stopped_in(&label, &status));
                    break;
                }
                // Only this file cannot be stored.
                Err(SourceError::Stopped(_)) if status.refused.is_some() => {}
                // The appender reports why.
                Err(SourceError::Stopped(_)) => break,
                Err(error) => {
                    failed.add(code_of_source(&error), error.to_string());
                    // A store that is away does not come back for the next object.
                    if matches!(error, SourceError::Fetch(_)) {
                        break;
                    }
                }
            }
        }
        Ok(read)
    }

    /// Reads one file; returns how that ended and the last status of the source.
    async fn read(
        &self,
        file: RecordingFile,
        queue: &IngestQueue,
        known: &Resume,
        interrupt: &InterruptHandler,
    ) -> Result<(Result<Ended, SourceError>, Status)> {
        let RecordingFile {
            source,
            label,
            address,
        } = file;
        let running = queue.run_as(&source, address, known.clone(), interrupt.shutdown());
        let status = running.status.clone();
        let shown = tokio::spawn(show(self.bar.clone(), label, running.status));
        let ended = running.ended.await?;
        // The appender holds the status for as long as anything of the file waits for it.
        shown.abort();
        running.handed_over.await?;
        let status = status.borrow().clone();
        Ok((ended, status))
    }
}

/// The message of an interrupted import: where it stopped, and how to continue.
fn stopped_in(label: &str, status: &Status) -> String {
    let Some(progress) = status.progress else {
        return format!(
            "interrupted in {label}: everything before is stored; run the same command again, duplicates do not change any \
             count"
        );
    };
    let at = match progress.identifying {
        true => "before its first record".to_owned(),
        false => format!(
            "at byte {} of {}",
            number(progress.bytes_done),
            number(progress.bytes_total)
        ),
    };
    format!(
        "interrupted in {label}, {at}: everything before is stored; run the same command again to continue there"
    )
}

/// Moves the bar with a source.
async fn show(bar: Bar, label: String, mut status: watch::Receiver<Status>) {
    // Ends when the source has: it takes the sender with it.
    while status.changed().await.is_ok() {
        let progress = status.borrow_and_update().progress;
        if let Some(progress) = progress {
            let phase = if progress.identifying {
                "looking at"
            } else {
                "importing"
            };
            bar.phase(format!("{phase} {label}"));
            bar.at(progress.bytes_done, progress.bytes_total);
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_source::status::FileProgress;

    use super::*;

    #[test]
    fn an_interruption_names_its_place_and_the_way_on() {
        let status = |progress: Option<(bool, u64)>| Status {
            progress: progress.map(|(identifying, bytes_done)| FileProgress {
                identifying,
                bytes_done,
                bytes_total: 12_000,
            }),
            ..Status::default()
        };
        for (progress, place) in [
            (Some((false, 4_500)), "x.gz, at byte 4,500 of 12,000:"),
            (Some((true, 4_500)), "x.gz, before its first record:"),
            (None, "x.gz: everything before is stored"),
        ] {
            let said = stopped_in("x.gz", &status(progress));
            assert!(
                said.contains(place) && said.contains("same command"),
                "{said}"
            );
        }
    }
}
