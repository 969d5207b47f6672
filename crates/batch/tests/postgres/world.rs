//! What the tables should hold: the last row of each key, kept in the plainest way.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use headcount_batch::{
    model::{ColumnType, LakeTable, TableRow, TableRows},
    postgres::TableDigest,
    tables::TableChanges,
};

/// A row as the texts of its values.
pub type Texts = Vec<Option<String>>;

/// Rows of all tables.
#[derive(Default)]
pub struct World(BTreeMap<LakeTable, BTreeMap<Texts, Kept>>);

struct Kept {
    texts: Texts,
    batch: RecordBatch,
}

impl World {
    pub fn apply(&mut self, changes: &TableChanges) {
        for gone in &changes.gone {
            let batch = TableRow::batch(std::slice::from_ref(gone));
            let key = texts(LakeTable::GroupTopics, &batch, 0);
            self.table(LakeTable::GroupTopics).remove(&key);
        }
        self.insert(&changes.rows);
    }

    pub fn insert(&mut self, rows: &TableRows) {
        for table in LakeTable::ALL {
            let batch = rows.batch(table);
            for row in 0..batch.num_rows() {
                let texts = texts(table, &batch, row);
                let key = texts[..table.key_columns()].to_vec();
                let batch = batch.slice(row, 1);
                self.table(table).insert(key, Kept { texts, batch });
            }
        }
    }

    /// The rows of a table, sorted.
    pub fn rows(&self, table: LakeTable) -> Vec<Texts> {
        let kept = self.0.get(&table).into_iter().flat_map(BTreeMap::values);
        let mut rows: Vec<_> = kept.map(|kept| kept.texts.clone()).collect();
        rows.sort();
        rows
    }

    /// The digests that all tables should have.
    pub fn digests(&self) -> Vec<(LakeTable, TableDigest)> {
        let digest = |table: LakeTable| {
            let mut digest = TableDigest::default();
            for kept in self.0.get(&table).into_iter().flat_map(BTreeMap::values) {
                digest.add(table, &kept.batch).unwrap();
            }
            (table, digest)
        };
        LakeTable::ALL.map(digest).into()
    }

    fn table(&mut self, table: LakeTable) -> &mut BTreeMap<Texts, Kept> {
        self.0.entry(table).or_default()
    }
}

/// The values of a row of a batch.
fn texts(table: LakeTable, batch: &RecordBatch, row: usize) -> Texts {
    let value = |(array, kind): (&dyn Array, ColumnType)| {
        (!array.is_null(row)).then(|| match kind {
            ColumnType::Text => array.as_string::<i32>().value(row).to_owned(),
            ColumnType::Long => array.as_primitive::<Int64Type>().value(row).to_string(),
            ColumnType::Int => array.as_primitive::<Int32Type>().value(row).to_string(),
            ColumnType::Double => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
            ColumnType::Boolean => array.as_boolean().value(row).to_string(),
            ColumnType::Time => array
                .as_primitive::<TimestampMicrosecondType>()
                .value(row)
                .to_string(),
        })
    };
    let columns = table.columns().iter().map(|column| column.column_type);
    let arrays = batch.columns().iter().map(|array| &**array);
    arrays.zip(columns).map(value).collect()
}
