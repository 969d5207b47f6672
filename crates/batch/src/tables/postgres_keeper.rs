//! Keeps the same tables in PostgreSQL, up to date with a journal.
//!
//! PostgreSQL has its progress beside the rows, in one transaction; the index here follows it. After a kill between the two the
//! index is brought to what PostgreSQL has, by reading, before anything is written.

use super::{
    changes::Changes,
    keeper::in_thread,
    reading::JournalReader,
    told::{KeeperOptions, Told},
};
use crate::{
    error::{Error, Result},
    postgres::{PostgresAddress, PostgresSink, Written},
};

/// The tables of a journal in PostgreSQL, and what waits to be written into them.
pub struct PostgresKeeper {
    told: Told,
    sink: PostgresSink,
}

impl PostgresKeeper {
    /// Opens the tables where they were left; an index that is missing, or ahead of tables that were restored from a backup,
    /// is made anew.
    ///
    /// # Errors
    /// When PostgreSQL refuses, another process holds the index, or the tables are of another journal.
    pub async fn open(
        address: &PostgresAddress,
        options: KeeperOptions,
        journal: &JournalReader,
    ) -> Result<Self> {
        let partitions = usize::from(journal.partitions());
        let sink = PostgresSink::open(address, journal.id(), partitions).await?;
        let mut told = Told::open(&options, journal)?;
        let is_ahead = told
            .written()
            .iter()
            .zip(sink.progress())
            .any(|(here, there)| here > there);
        if is_ahead {
            drop(told);
            let folder = options.index.clone();
            in_thread(move || Told::forget(&folder)).await?;
            told = Told::open(&options, journal)?;
        }
        let mut keeper = Self { told, sink };
        keeper.follow_up(journal)?;
        Ok(keeper)
    }

    /// Brings the index to what PostgreSQL has.
    fn follow_up(&mut self, journal: &JournalReader) -> Result<()> {
        if self.told.written() == self.sink.progress() {
            return Ok(());
        }
        let there = journal.until(self.sink.progress().to_vec())?;
        loop {
            let is_there = self.told.read(&there, &|_| {})?;
            let mut batch = self.told.index.batch();
            // The rows are in the tables already.
            self.told.merged(Some(&mut batch))?;
            self.told.finish(batch)?;
            if is_there {
                break;
            }
        }
        if self.told.written() != self.sink.progress() {
            return Err(Error::Other(format!(
                "PostgreSQL holds entries of the journal up to {:?}, but the journal ends before: its end is lost; run `headcount \
                 journal verify`, then fill another schema from nothing",
                self.sink.progress()
            )));
        }
        Ok(())
    }

    /// Reads on until the journal's end, as it was last looked at, or until as much waits as may; `tell` gets the number
    /// of entries read, now and then. Returns whether the end has been reached.
    ///
    /// # Errors
    /// When the journal is damaged, or holds what this version does not know.
    pub fn read(&mut self, journal: &JournalReader, tell: &(dyn Fn(u64) + Sync)) -> Result<bool> {
        self.told.read(journal, tell)
    }

    /// Writes what waits, and waits itself while PostgreSQL is away.
    ///
    /// # Errors
    /// When another writer has taken over, or PostgreSQL refuses for good.
    pub async fn write(&mut self) -> Result<Written> {
        if !self.told.is_behind() {
            return Ok(Written::default());
        }
        let mut batch = self.told.index.batch();
        let merged = self.told.merged(Some(&mut batch))?;
        let changes = Changes {
            rows: merged.rows,
            gone: merged.gone,
            from: self.told.written().to_vec(),
            to: self.told.offsets(),
        };
        let written = self.sink.write(&changes).await?;
        self.told.finish(batch)?;
        Ok(written)
    }

    /// One past the last entry read, by partition.
    #[must_use]
    pub fn offsets(&self) -> Vec<u64> {
        self.told.offsets()
    }

    /// How many rows PostgreSQL has refused, which are set aside.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.sink.refused()
    }
}
