//! Cuts: which versions of the tables belong together, and how far the journal is in them.

use std::collections::BTreeMap;

use headcount_lake::Lake;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    model::Table,
};

const FOLDER: &str = "tables/snapshots";
const MAGIC: &str = "headcount-cut";
const VERSION: u32 = 1;

/// A state of all tables in which every foreign key holds: a file under `tables/snapshots/` of the lake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TablesCut {
    magic: String,
    version: u32,
    /// Its number. A cut of a greater number holds more.
    pub number: u32,
    /// The id of the journal.
    pub journal: u64,
    /// One past the last entry in the tables, of each partition of the journal.
    pub offsets: Vec<u64>,
    /// How far record time has come, ms since 1970.
    pub stream_time: Option<i64>,
    /// The version of each table.
    pub tables: BTreeMap<Table, u64>,
}

impl TablesCut {
    pub(super) fn new(
        number: u32,
        journal: u64,
        offsets: Vec<u64>,
        stream_time: Option<i64>,
    ) -> Self {
        let (magic, version) = (MAGIC.to_owned(), VERSION);
        Self {
            magic,
            version,
            number,
            journal,
            offsets,
            stream_time,
            tables: BTreeMap::new(),
        }
    }

    /// Writes it, unless it is there already.
    pub(super) fn save(&self, lake: &Lake) -> Result<()> {
        let key = format!("{FOLDER}/{:020}.json", self.number);
        let body = serde_json::to_vec(self).expect("plain data");
        lake.put(&key, &body).map_err(lake_error)
    }

    /// The newest cut of a lake, and the numbers of all.
    ///
    /// # Errors
    /// When the lake cannot be read, or a newer version wrote the cut.
    pub fn newest(lake: &Lake) -> Result<Option<Self>> {
        let Some(key) = keys(lake)?.pop() else {
            return Ok(None);
        };
        let Some((body, _)) = lake.get(&key).map_err(lake_error)? else {
            return Ok(None);
        };
        let cut: Self = serde_json::from_slice(&body).map_err(|cause| {
            Error::Other(format!(
                "{key} of the lake is no cut of this version: {cause}"
            ))
        })?;
        if cut.magic != MAGIC || cut.version != VERSION {
            return Err(Error::Other(format!(
                "{key} of the lake has the format {}, and this version reads {VERSION}: use the newer program",
                cut.version
            )));
        }
        Ok(Some(cut))
    }

    /// Deletes all cuts but the newest `keep`.
    pub(super) fn forget(lake: &Lake, keep: usize) -> Result<()> {
        let mut keys = keys(lake)?;
        keys.truncate(keys.len().saturating_sub(keep));
        for key in keys {
            lake.delete(&key).map_err(lake_error)?;
        }
        Ok(())
    }
}

fn keys(lake: &Lake) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    lake.list(&format!("{FOLDER}/"), |object| keys.push(object.key))
        .map_err(lake_error)?;
    keys.retain(|key| key.ends_with(".json"));
    keys.sort();
    Ok(keys)
}

pub(super) fn lake_error(cause: headcount_lake::Error) -> Error {
    Error::Other(cause.to_string())
}
