//! The newest cut of a lake's tables, as a statement sees it.

use headcount_lake::{Lake, LakeAddress};

use crate::{
    error::Result,
    model::Table,
    snapshot::{AsOf, DeltaVersion, Snapshot, TableSnapshot},
    tables::{TablesCut, TablesLocation},
};

/// The tables as the newest cut has them; none before the first. Blocks.
///
/// # Errors
/// When the lake cannot be read, or a newer version wrote the cut.
pub fn newest_cut(lake: &Lake, address: &LakeAddress) -> Result<Option<Snapshot>> {
    let Some(cut) = TablesCut::newest(lake)? else {
        return Ok(None);
    };
    let location = TablesLocation::of(address.clone())?;
    let table = |table: Table| TableSnapshot {
        table,
        delta: cut.tables.get(&table).map(|version| DeltaVersion {
            url: location.url(table).into(),
            version: *version,
        }),
        rows: None,
        hidden: None,
    };
    Ok(Some(Snapshot {
        tables: Table::ALL.into_iter().map(table).collect(),
        as_of: AsOf {
            offsets: cut.offsets.clone(),
            stream_time: cut.stream_time,
        },
        live: serde_json::Value::Null,
    }))
}
