//! What the journal holds beyond the newest cut, as files that a statement reads over the tables.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use arrow::{
    array::{RecordBatch, UInt32Array},
    compute::{concat_batches, take_record_batch},
    datatypes::SchemaRef,
    ipc::writer::FileWriter,
};

use super::{delta::arrow_error, merge::Merged};
use crate::{
    error::{Error, Result},
    model::{GroupTopic, LakeTable, TableRow},
};

/// The files of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OverlayFiles {
    pub(super) rows: Option<PathBuf>,
    pub(super) hidden: Option<PathBuf>,
}

/// Writes the overlay of all tables into a folder.
pub(super) fn write(merged: &Merged, folder: &Path) -> Result<BTreeMap<LakeTable, OverlayFiles>> {
    std::fs::create_dir_all(folder)
        .map_err(|cause| Error::Other(format!("create {}: {cause}", folder.display())))?;
    let mut all = BTreeMap::new();
    for table in LakeTable::ALL {
        let rows = merged.rows.batch(table);
        let hidden = hidden(merged, table, &rows)?;
        let file = |name: &str, batch: RecordBatch| {
            let path = folder.join(format!("{table}.{name}.arrow"));
            (batch.num_rows() > 0)
                .then(|| save(table, &path, &batch).map(|()| path))
                .transpose()
        };
        let files = OverlayFiles {
            rows: file("rows", rows)?,
            hidden: file("hidden", hidden)?,
        };
        if files != OverlayFiles::default() {
            all.insert(table, files);
        }
    }
    Ok(all)
}

/// The keys of the rows in the table that hold no more.
fn hidden(merged: &Merged, table: LakeTable, rows: &RecordBatch) -> Result<RecordBatch> {
    let failed = |cause| arrow_error(table, cause);
    let key: Vec<usize> = (0..table.key_columns()).collect();
    let replaced = merged
        .replaced
        .get(&table)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let places = (0..).zip(replaced).filter_map(|(at, old)| old.map(|_| at));
    let places = UInt32Array::from_iter_values(places);
    let keys = take_record_batch(&rows.project(&key).map_err(failed)?, &places).map_err(failed)?;
    if table != LakeTable::GroupTopics {
        return Ok(keys);
    }
    let gone = GroupTopic::batch(&merged.gone)
        .project(&key)
        .map_err(failed)?;
    let schema: SchemaRef = keys.schema();
    concat_batches(&schema, [&keys, &gone]).map_err(failed)
}

fn save(table: LakeTable, path: &Path, batch: &RecordBatch) -> Result<()> {
    let file = File::create(path)
        .map_err(|cause| Error::Other(format!("create {}: {cause}", path.display())))?;
    let mut writer =
        FileWriter::try_new(file, &batch.schema()).map_err(|cause| arrow_error(table, cause))?;
    writer
        .write(batch)
        .and_then(|()| writer.finish())
        .map_err(|cause| arrow_error(table, cause))
}
