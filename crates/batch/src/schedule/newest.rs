//! The newest cut of a lake's tables.

use std::collections::BTreeMap;

use anyhow::Context;
use headcount_lake::{Lake, LakeAddress};
use serde::Deserialize;
use url::Url;

use crate::{
    model::Table,
    snapshot::{AsOf, DeltaVersion, Snapshot, TableSnapshot},
};

const CUTS: &str = "tables/snapshots/";

/// What is needed of a cut's file.
#[derive(Deserialize)]
struct Cut {
    offsets: Vec<u64>,
    stream_time: Option<i64>,
    tables: BTreeMap<Table, u64>,
}

/// The tables as the newest cut has them; none before the first. Blocks.
///
/// # Errors
/// When the lake cannot be read.
pub fn newest_snapshot(lake: &Lake, address: &LakeAddress) -> anyhow::Result<Option<Snapshot>> {
    let mut newest = None;
    lake.list(CUTS, |object| {
        if object.key.ends_with(".json") && newest.as_ref() < Some(&object.key) {
            newest = Some(object.key);
        }
    })?;
    let Some(key) = newest else { return Ok(None) };
    // It may have been thrown away since, for a newer one.
    let Some((body, _)) = lake.get(&key)? else {
        return Ok(None);
    };
    let cut: Cut = serde_json::from_slice(&body)
        .with_context(|| format!("{key} of the lake {lake} is no cut"))?;
    let root = root(address)?;
    let table = |table: Table| {
        let version = cut.tables.get(&table);
        TableSnapshot {
            table,
            delta: version.map(|version| DeltaVersion {
                url: format!("{root}tables/{table}/"),
                version: *version,
            }),
            rows: None,
            hidden: None,
        }
    };
    Ok(Some(Snapshot {
        tables: Table::ALL.into_iter().map(table).collect(),
        as_of: AsOf {
            offsets: cut.offsets,
            stream_time: cut.stream_time,
        },
        live: serde_json::Value::Null,
    }))
}

/// The lake as a URL with a slash at its end.
fn root(address: &LakeAddress) -> anyhow::Result<String> {
    Ok(match address {
        LakeAddress::Disk(dir) => {
            let dir = std::fs::canonicalize(dir)?;
            let url = Url::from_directory_path(&dir);
            url.map_err(|()| anyhow::anyhow!("{} cannot be written as a URL", dir.display()))?
                .into()
        }
        LakeAddress::S3(s3) if s3.prefix.is_empty() => format!("s3://{}/", s3.bucket),
        LakeAddress::S3(s3) => format!("s3://{}/{}/", s3.bucket, s3.prefix),
    })
}
