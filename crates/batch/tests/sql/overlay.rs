//! A table over Delta equals the same rows put together by hand, whatever is asked of it.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{array::RecordBatch, util::pretty::pretty_format_batches};
use datafusion::{catalog::MemTable, dataframe::DataFrame, prelude::SessionContext};
use headcount_batch::{
    model::{Group, LakeTable, RsvpVersion, TableRows, Time},
    sql::{guard, request::StatementLimits, session, statement},
};
use proptest::{collection::vec, option, prelude::*};

use crate::support::{self, Tables};

fn group(group_id: i64) -> impl Strategy<Value = Group> {
    let text = || option::of("[a-c]{0,2}").prop_map(|text| text.map(Into::into));
    (
        text(),
        text(),
        option::of(-2..3_i64),
        option::of(0..3_i64),
        0..4_i64,
    )
        .prop_map(move |(name, city, lat, category_id, mtime)| Group {
            group_id,
            name: name.clone(),
            urlname: city.clone(),
            city,
            state: None,
            country: name,
            lat: lat.map(|lat| lat as f64 / 2.0),
            lon: None,
            join_mode: None,
            category_id,
            mtime: Time(1_489_925_470_000 + mtime),
        })
}

fn groups(ids: std::ops::Range<i64>) -> impl Strategy<Value = Vec<Group>> {
    vec(any::<bool>(), ids.clone().count()).prop_flat_map(move |chosen| {
        let chosen = ids.clone().zip(chosen).filter(|(_, chosen)| *chosen);
        chosen.map(|(id, _)| group(id)).collect::<Vec<_>>()
    })
}

fn batch(groups: Vec<Group>) -> RecordBatch {
    TableRows {
        groups,
        ..TableRows::default()
    }
    .batch(LakeTable::Groups)
}

async fn rows(context: &SessionContext, sql: &str) -> Vec<String> {
    let checked = guard::check(sql).unwrap();
    let plan = statement::logical_plan(context, checked).await.unwrap();
    let batches = DataFrame::new(context.state(), plan)
        .collect()
        .await
        .unwrap();
    if batches.iter().all(|batch| batch.num_rows() == 0) {
        return Vec::new();
    }
    let mut lines: Vec<_> = pretty_format_batches(&batches)
        .unwrap()
        .to_string()
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines.dedup_by(|a, b| a == b && a.starts_with('+'));
    lines
}

/// Filters on each column, by values that there are.
fn filters(table: LakeTable) -> Vec<String> {
    let mut filters = vec!["true".to_owned()];
    for column in table.schema().fields() {
        let name = column.name();
        filters.push(format!("{name} IS NULL"));
        let literals: &[&str] = match column.data_type() {
            arrow::datatypes::DataType::Utf8 => &["'b'"],
            arrow::datatypes::DataType::Timestamp(..) => &["'2017-03-19 12:11:10.002Z'"],
            _ => &["1"],
        };
        for literal in literals {
            filters.push(format!("{name} = {literal}"));
            filters.push(format!("NOT {name} > {literal}"));
        }
    }
    filters
}

async fn equal(tables: &Tables, table: LakeTable, merged: RecordBatch) {
    let over = session::session(&tables.snapshot, &StatementLimits::served()).unwrap();
    let plain = session::session(&Tables::empty().snapshot, &StatementLimits::served()).unwrap();
    plain.deregister_table(table.name()).unwrap();
    let memory = MemTable::try_new(table.schema(), vec![vec![merged]]).unwrap();
    plain
        .register_table(table.name(), Arc::new(memory))
        .unwrap();
    let last = table.schema().fields().last().unwrap().name().clone();
    let count = format!("SELECT count(*) FROM {table}");
    assert_eq!(rows(&over, &count).await, rows(&plain, &count).await);
    for filter in filters(table) {
        for columns in ["*", last.as_str()] {
            let sql = format!("SELECT {columns} FROM {table} WHERE {filter}");
            assert_eq!(rows(&over, &sql).await, rows(&plain, &sql).await, "{sql}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn an_overlay_is_the_rows_put_together(
        first in groups(0..6),
        second in groups(6..12),
        newer in groups(3..15),
    ) {
        let mut merged: BTreeMap<i64, Group> = BTreeMap::new();
        for group in first.iter().chain(&second).chain(&newer) {
            merged.insert(group.group_id, group.clone());
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let newer = (!newer.is_empty()).then(|| batch(newer));
            let hidden = newer.as_ref().map(|newer| support::keys(LakeTable::Groups, newer));
            let mut tables = Tables::empty();
            tables.add(LakeTable::Groups, &[batch(first), batch(second)], newer, hidden).await;
            equal(&tables, LakeTable::Groups, batch(merged.into_values().collect())).await;
        });
    }
}

/// Keys of several columns, of which only all together hide a row.
#[tokio::test]
async fn a_key_of_several_columns_hides_one_row() {
    let version = |event: &str, rsvp_id: i64, content: i64, guests: i32| RsvpVersion {
        event_id: event.into(),
        rsvp_id,
        mtime: Time(1_489_925_470_002),
        content,
        outcome: "new".into(),
        member_id: 1,
        response: "yes".into(),
        guests,
        received_at: Time(1_489_925_470_003),
    };
    let batch = |rows: Vec<RsvpVersion>| {
        TableRows {
            rsvp_versions: rows,
            ..TableRows::default()
        }
        .batch(LakeTable::RsvpVersions)
    };
    let base = batch(vec![
        version("b", 1, 1, 0),
        version("b", 1, 2, 0),
        version("b", 2, 1, 0),
        version("c", 1, 1, 0),
    ]);
    let newer = batch(vec![version("b", 1, 2, 1), version("d", 1, 1, 1)]);
    let merged = batch(vec![
        version("b", 1, 1, 0),
        version("b", 1, 2, 1),
        version("b", 2, 1, 0),
        version("c", 1, 1, 0),
        version("d", 1, 1, 1),
    ]);
    let hidden = support::keys(LakeTable::RsvpVersions, &newer);
    let mut tables = Tables::empty();
    tables
        .add(LakeTable::RsvpVersions, &[base], Some(newer), Some(hidden))
        .await;
    equal(&tables, LakeTable::RsvpVersions, merged).await;
}

/// Rows may be newer than a Delta table that is not there yet, and rows may go without others in their place.
#[tokio::test]
async fn a_table_may_lack_any_of_its_parts() {
    let one = |id: i64| Group {
        group_id: id,
        name: Some("b".into()),
        urlname: None,
        city: None,
        state: None,
        country: None,
        lat: Some(1.0),
        lon: None,
        join_mode: None,
        category_id: None,
        mtime: Time(1_489_925_470_002),
    };
    let mut tables = Tables::empty();
    tables
        .add(LakeTable::Groups, &[], Some(batch(vec![one(1)])), None)
        .await;
    equal(&tables, LakeTable::Groups, batch(vec![one(1)])).await;
    let mut tables = Tables::empty();
    let hidden = support::keys(LakeTable::Groups, &batch(vec![one(1)]));
    tables
        .add(
            LakeTable::Groups,
            &[batch(vec![one(1), one(2)])],
            None,
            Some(hidden),
        )
        .await;
    equal(&tables, LakeTable::Groups, batch(vec![one(2)])).await;
    let mut tables = Tables::empty();
    tables.add(LakeTable::Groups, &[], None, None).await;
    equal(&tables, LakeTable::Groups, batch(vec![])).await;
}
