//! Comparing the tables with a fresh pass over the journal.

use std::{collections::BTreeMap, path::Path};

use arrow::{
    array::RecordBatch,
    row::{RowConverter, SortField},
};
use headcount_lake::LakeAddress;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    delta::arrow_error, keeper::Keeper, location::TablesLocation, reading::JournalReader,
    told::KeeperOptions,
};
use crate::{error::Result, model::LakeTable};

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Of each table.
    pub tables: Vec<TableReport>,
    /// The offsets of the journal up to which the tables were compared.
    pub offsets: Vec<u64>,
}

/// What was found of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableReport {
    /// Which.
    pub table: LakeTable,
    /// Rows that it has.
    pub rows: u64,
    /// Rows that it should have.
    pub expected: u64,
    /// Whether all rows are the same.
    pub is_equal: bool,
    /// Values that refer to a row that is not there.
    pub orphans: u64,
}

impl TableReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.is_equal && self.orphans == 0
    }
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.tables.iter().all(TableReport::is_sound)
    }
}

/// Compares tables with others that are made of the same entries of the journal, in a folder for the while.
///
/// # Errors
/// When the journal or the tables cannot be read, or the folder takes nothing.
pub async fn verify(
    keeper: &Keeper,
    journal: &JournalReader,
    judged_at: Option<i64>,
    folder: &Path,
    tell: &(dyn Fn(u64) + Sync),
) -> Result<Verified> {
    let offsets = keeper.offsets();
    let journal = journal.until(offsets.clone())?;
    let location = TablesLocation::of(LakeAddress::Disk(folder.join("lake")))?;
    let options = KeeperOptions {
        judged_at,
        ..KeeperOptions::new(folder.join("index"))
    };
    let mut fresh = Keeper::open(location, options, &journal).await?;
    while !fresh.read(&journal, tell)? {
        fresh.write().await?;
    }
    fresh.write().await?;
    let found = digests(keeper).await?;
    let expected = digests(&fresh).await?;
    let mut tables = Vec::new();
    for table in LakeTable::ALL {
        let (found_of, expected_of) = (&found[&table], &expected[&table]);
        let mut orphans = 0;
        for (reference, keys) in table.references().iter().zip(&found_of.references) {
            let there = &found[&reference.to].keys;
            orphans += keys
                .iter()
                .filter(|key| there.binary_search(key).is_err())
                .count() as u64;
        }
        tables.push(TableReport {
            table,
            rows: found_of.rows,
            expected: expected_of.rows,
            is_equal: (found_of.rows, found_of.sum) == (expected_of.rows, expected_of.sum),
            orphans,
        });
    }
    Ok(Verified { tables, offsets })
}

/// What stands for the rows of a table, in any order.
#[derive(Default)]
struct Digest {
    rows: u64,
    /// The sum of the hashes of all rows.
    sum: u64,
    /// Hashes of the keys, if others can refer to them, sorted.
    keys: Vec<u64>,
    /// Hashes of the keys that are referred to, by reference.
    references: Vec<Vec<u64>>,
}

async fn digests(keeper: &Keeper) -> Result<BTreeMap<LakeTable, Digest>> {
    let mut all = BTreeMap::new();
    for writer in keeper.tables() {
        let table = writer.table();
        let mut digest = Digest {
            references: vec![Vec::new(); table.references().len()],
            ..Digest::default()
        };
        let files = keeper
            .files()
            .get(&table)
            .map(|files| files.files.as_slice())
            .unwrap_or_default();
        for file in files {
            for batch in writer.read(&file.path).await? {
                digest.add(table, &batch.map_err(|cause| arrow_error(table, cause))?)?;
            }
        }
        digest.keys.sort_unstable();
        for keys in &mut digest.references {
            keys.sort_unstable();
            keys.dedup();
        }
        all.insert(table, digest);
    }
    Ok(all)
}

impl Digest {
    fn add(&mut self, table: LakeTable, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        for hash in hashes(table, batch, 0..table.columns().len())? {
            self.sum = self.sum.wrapping_add(hash);
        }
        if table.key_columns() == 1 {
            self.keys.extend(hashes(table, batch, 0..1)?);
        }
        for (reference, keys) in table.references().iter().zip(&mut self.references) {
            let place = table
                .columns()
                .iter()
                .position(|column| column.name == reference.column);
            let place = place.expect("a reference names a column");
            let hashes = hashes(table, batch, place..place + 1)?;
            let column = batch.column(place);
            let is_there = |at: usize| !arrow::array::Array::is_null(column, at);
            keys.extend(
                hashes
                    .into_iter()
                    .enumerate()
                    .filter(|(at, _)| is_there(*at))
                    .map(|(_, hash)| hash),
            );
        }
        Ok(())
    }
}

/// The hash of some columns of each row.
fn hashes(
    table: LakeTable,
    batch: &RecordBatch,
    columns: std::ops::Range<usize>,
) -> Result<Vec<u64>> {
    let fields = table.columns()[columns.clone()].iter();
    let fields = fields
        .map(|column| SortField::new(column.column_type.arrow()))
        .collect();
    let converter = RowConverter::new(fields).map_err(|cause| arrow_error(table, cause))?;
    let rows = converter
        .convert_columns(&batch.columns()[columns])
        .map_err(|cause| arrow_error(table, cause))?;
    Ok(rows.iter().map(|row| xxh3_64(row.as_ref())).collect())
}
