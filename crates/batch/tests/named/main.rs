//! The named analyses over the recordings: as DataFusion answers them, as DuckDB does, as plain loops in Python do, and
//! where the golden answers have the number, as they have it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod description;
mod live;
mod live_filters;
mod python;
#[path = "../sql_support/mod.rs"]
mod sql_support;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use arrow::{
    array::{ArrayRef, RecordBatch},
    compute::{cast, concat_batches},
    datatypes::DataType,
};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use headcount_batch::{
    model::LakeTable,
    named::{self, Filters},
    report,
    sql::request::StatementLimits,
};
use python::Scripts;
use serde_json::{Value, json};

type TableRows = Vec<Vec<Value>>;

const SCRIPTS: Scripts = Scripts {
    folder: "named",
    requirements: include_str!("requirements.txt"),
};

/// The folder of the recordings, if there is one.
fn shared_data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("HEADCOUNT_SHARED_DATA")
        .map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.join("golden").is_dir() {
        return Some(folder);
    }
    eprintln!(
        "NOT TESTED: the recordings are not in {} (set HEADCOUNT_SHARED_DATA to where they are)",
        folder.display()
    );
    None
}

struct Question {
    name: &'static str,
    filters: Filters,
    sql: String,
}

/// Every analysis with each set of filters.
fn questions(queries: &[&[(&str, &str)]]) -> Vec<Question> {
    let sets = queries
        .iter()
        .map(|query| Filters::of_pairs(query.iter().copied()).unwrap());
    sets.flat_map(|filters| {
        named::all().iter().map(move |named| Question {
            name: named.name,
            sql: named.statement(&filters),
            filters: filters.clone(),
        })
    })
    .collect()
}

/// The answers of DuckDB and of Python; afterwards the tables are in the folder as Parquet.
fn answers_of_others(
    recordings: &[PathBuf],
    folder: &Path,
    questions: &[Question],
) -> Vec<BTreeMap<String, TableRows>> {
    let tables: BTreeMap<_, BTreeMap<_, _>> = LakeTable::ALL
        .into_iter()
        .map(|table| {
            let columns = table
                .columns()
                .iter()
                .map(|column| (column.name, column.column_type.postgres()));
            (table.name(), columns.collect())
        })
        .collect();
    let questions: Vec<_> = questions
        .iter()
        .map(|question| json!({"name": question.name, "filters": question.filters, "sql": question.sql}))
        .collect();
    let job = json!({"recordings": recordings, "folder": folder, "tables": tables, "questions": questions});
    serde_json::from_value(SCRIPTS.run("answer.py", &job)).unwrap()
}

async fn session(folder: &Path) -> SessionContext {
    let mut config = SessionConfig::new();
    let options = config.options_mut();
    options.execution.time_zone = Some("+00:00".to_owned());
    options.sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    let session = SessionContext::new_with_config(config);
    for table in LakeTable::ALL {
        let file = folder.join(format!("{table}.parquet"));
        let schema = table.schema();
        let options = ParquetReadOptions::default().schema(&schema);
        session
            .register_parquet(table.name(), file.to_str().unwrap(), options)
            .await
            .unwrap();
    }
    session
}

/// The tables as the worker has them: half of the rows in Delta, half of them over it.
async fn snapshot(session: &SessionContext) -> sql_support::Tables {
    let mut tables = sql_support::Tables::empty();
    for table in LakeTable::ALL {
        let batches = session
            .table(table.name())
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        let Some(first) = batches.first() else {
            continue;
        };
        let batch = concat_batches(&first.schema(), &batches).unwrap();
        let schema = table.schema();
        let columns = batch.columns().iter().zip(schema.fields());
        let columns = columns.map(|(column, field)| cast(column, field.data_type()).unwrap());
        let batch = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
        let half = batch.num_rows() / 2;
        let rest = batch.slice(half, batch.num_rows() - half);
        tables
            .add(table, &[batch.slice(0, half)], Some(rest), None)
            .await;
    }
    tables
}

/// The rows of the worker's JSON, with instants as microseconds and days as days since 1970.
fn rows_of_json(answer: &Value) -> TableRows {
    let types: Vec<_> = answer["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["type"].as_str().unwrap())
        .collect();
    let cell = |(value, kind): (&Value, &&str)| match (
        *kind,
        value.as_str().and_then(named::parse_instant),
    ) {
        ("timestamptz", Some(ms)) => json!(ms * 1_000),
        ("date", Some(ms)) => json!(ms / 86_400_000),
        _ => value.clone(),
    };
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        row.as_array()
            .unwrap()
            .iter()
            .zip(&types)
            .map(cell)
            .collect()
    })
    .collect()
}

/// The rows, with instants as microseconds and days as days since 1970.
fn rows(batches: &[RecordBatch]) -> TableRows {
    let Some(first) = batches.first() else {
        return Vec::new();
    };
    let batch = concat_batches(&first.schema(), batches).unwrap();
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Timestamp(..) => cast(
                column,
                &DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None),
            )
            .and_then(|column| cast(&column, &DataType::Int64))
            .unwrap(),
            DataType::Date32 => cast(column, &DataType::Int32).unwrap(),
            _ => column.clone(),
        })
        .collect();
    values(columns)
}

/// Columns as rows of JSON.
fn values(columns: Vec<ArrayRef>) -> TableRows {
    let names: Vec<_> = (0..columns.len())
        .map(|number| format!("{number:02}"))
        .collect();
    let batch = RecordBatch::try_from_iter(names.iter().cloned().zip(columns)).unwrap();
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow::json::writer::JsonArray>(Vec::new());
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let objects: Vec<BTreeMap<String, Value>> =
        serde_json::from_slice(&writer.into_inner()).unwrap_or_default();
    objects
        .into_iter()
        .map(|object| object.into_values().collect())
        .collect()
}

/// Whole numbers may come as floating-point ones.
fn equal(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

fn assert_equal(what: &str, ours: &TableRows, others: &TableRows) {
    let first = ours.iter().zip(others).position(|(ours, others)| {
        ours.len() != others.len()
            || !ours
                .iter()
                .zip(others)
                .all(|(ours, others)| equal(ours, others))
    });
    if let Some(row) = first {
        panic!(
            "{what}, row {row}: {:?} is not {:?}",
            ours[row], others[row]
        );
    }
    assert_eq!(ours.len(), others.len(), "{what}: rows");
}

const QUERIES: [&[(&str, &str)]; 7] = [
    &[],
    &[("country", "us,unknown"), ("response", "yes")],
    &[("category", "tech"), ("category", "health/wellbeing")],
    &[
        ("topic", "social"),
        ("topic", "newintown"),
        ("from", "2017-03-19T12:15Z"),
        ("to", "2017-03-19T12:25:30Z"),
    ],
    &[
        ("city", "London"),
        ("city", "New York|NY|us"),
        ("city", "Sydney||au"),
    ],
    &[("response", "no")],
    &[("from", "2100-01-01")],
];

#[tokio::test(flavor = "multi_thread")]
async fn every_analysis_is_what_duckdb_and_plain_loops_have() {
    let Some(data) = shared_data() else { return };
    let names = [
        "rsvps/2015-03-08.ndjson",
        "rsvps/2017-03-19.ndjson",
        "rsvps/2018-05-20-pretty.json",
        "open_events/2015-03-07-curl-i.txt",
        "open_events/2016-11-08.ndjson",
    ];
    let recordings: Vec<_> = names.iter().map(|name| data.join(name)).collect();
    let folder = tempfile::tempdir().unwrap();
    // Before it is optimised, the engine takes seconds to plan what it then reads in milliseconds.
    let is_full = std::env::var_os("HEADCOUNT_TESTS").is_some_and(|wish| wish == "full");
    let questions = questions(if is_full { &QUERIES } else { &QUERIES[..3] });
    let answers = answers_of_others(&recordings, folder.path(), &questions);
    let session = session(folder.path()).await;
    let mut answered = BTreeMap::<_, usize>::new();
    for (question, answers) in questions.iter().zip(&answers) {
        let what = format!("{} with {:?}", question.name, question.filters.pairs());
        let ours = session.sql(&question.sql).await.unwrap().collect().await;
        let ours = rows(&ours.unwrap_or_else(|error| panic!("{what}: {error}\n{}", question.sql)));
        assert_equal(&format!("{what}: DuckDB"), &ours, &answers["duckdb"]);
        assert_equal(&format!("{what}: Python"), &ours, &answers["plain"]);
        *answered.entry(question.name).or_default() += ours.len();
    }
    assert_eq!(answered.len(), named::all().len());
    let silent: Vec<_> = answered.iter().filter(|(_, rows)| **rows < 3).collect();
    assert!(
        silent.is_empty(),
        "too few rows to mean anything: {silent:?}"
    );
}

/// What the golden answers have.
const GOLDEN: [&str; 6] = [
    "cities",
    "countries",
    "events_most_yes",
    "topics",
    "totals",
    "venues_most_yes",
];

/// The golden answers, which the live counts are held against too.
#[test]
fn totals_countries_cities_topics_and_venues_are_golden() {
    let Some(data) = shared_data() else { return };
    for name in [
        "2015-03-08.ndjson",
        "2017-03-19.ndjson",
        "2017-05-07.ndjson",
        "2018-05-20-pretty.json",
    ] {
        let stem = name.rsplit_once('.').unwrap().0;
        let golden = std::fs::read(data.join(format!("golden/{stem}.json"))).unwrap();
        let golden: Value = serde_json::from_slice(&golden).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut questions = questions(&[&[]]);
        questions.retain(|question| GOLDEN.contains(&question.name));
        let answers =
            answers_of_others(&[data.join("rsvps").join(name)], folder.path(), &questions);
        let of = |name: &str| {
            &answers[questions
                .iter()
                .position(|question| question.name == name)
                .unwrap()]["duckdb"]
        };

        let totals = [
            "rsvps",
            "yes",
            "no",
            "heads",
            "guests",
            "events",
            "venues",
            "groups",
            "countries",
            "cities",
            "members",
        ];
        let ours = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11].map(|column| &of("totals")[0][column]);
        assert_eq!(
            ours,
            totals.map(|total| &golden[total]),
            "{name}: {totals:?}"
        );

        let countries: BTreeMap<_, _> = of("countries")
            .iter()
            .map(|row| {
                (
                    row[0].as_str().unwrap(),
                    json!({"yes": row[2], "no": row[3], "heads": row[4]}),
                )
            })
            .collect();
        assert_eq!(json!(countries), golden["by_country"], "{name}: countries");

        let first =
            |list: &str, key: &dyn Fn(&Vec<Value>) -> Value, of: &TableRows, measure: usize| {
                let golden = golden[list].as_array().unwrap();
                let ours: Vec<_> = of
                    .iter()
                    .take(golden.len())
                    .map(|row| json!([key(row), row[measure]]))
                    .collect();
                assert_eq!(&ours, golden, "{name}: {list}");
            };
        first("top_topics_yes", &|row| row[5].clone(), of("topics"), 1);
        first(
            "top_venues_yes",
            &|row| row[5].clone(),
            of("venues_most_yes"),
            1,
        );
        let golden_cities: Vec<_> = golden["top_cities_yes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|city| city[1].clone())
            .collect();
        let ours: Vec<_> = of("cities")
            .iter()
            .take(golden_cities.len())
            .map(|row| row[1].clone())
            .collect();
        assert_eq!(ours, golden_cities, "{name}: cities");
        let golden_events: Vec<_> = golden["top_events_yes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event[1].clone())
            .collect();
        let ours: Vec<_> = of("events_most_yes")
            .iter()
            .take(golden_events.len())
            .map(|row| row[1].clone())
            .collect();
        assert_eq!(ours, golden_events, "{name}: events");
    }
}

/// What people ask: the worker's own engine, in a process for each statement, over Delta and the rows beyond it.
#[tokio::test(flavor = "multi_thread")]
async fn the_worker_answers_alike() {
    let Some(data) = shared_data() else { return };
    let recordings =
        ["rsvps/2017-03-19.ndjson", "open_events/2016-11-08.ndjson"].map(|name| data.join(name));
    let folder = tempfile::tempdir().unwrap();
    let questions = questions(&QUERIES[3..4]);
    let answers = answers_of_others(&recordings, folder.path(), &questions);
    let tables = snapshot(&session(folder.path()).await).await;
    for (question, answers) in questions.iter().zip(&answers) {
        let answer = tables.json(&question.sql).await;
        let answer =
            answer.unwrap_or_else(|error| panic!("{}: {error}\n{}", question.name, question.sql));
        assert_equal(question.name, &rows_of_json(&answer), &answers["duckdb"]);
    }
}

/// Reports over a recording, left in the folder of what tests make, to be looked at.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_recording_has_its_golden_figures() {
    let Some(data) = shared_data() else { return };
    let recordings = [
        "rsvps/2017-03-19.ndjson",
        "open_events/2015-03-07-curl-i.txt",
        "open_events/2016-11-08.ndjson",
    ]
    .map(|name| data.join(name));
    let folder = tempfile::tempdir().unwrap();
    answers_of_others(&recordings, folder.path(), &[]);
    let mut tables = snapshot(&session(folder.path()).await).await;
    let golden = std::fs::read(data.join("golden/2017-03-19.json")).unwrap();
    let golden: Value = serde_json::from_slice(&golden).unwrap();
    let account = json!({"received": 1542, "kept": 1541, "rejected": {"bad_json": 1}, "new": 1260, "replaced": 65,
        "repeated": 216, "stale": 0, "quarantined": {}, "gaps": 0});
    let mut ledger = account.clone();
    ledger["balanced"] = json!(true);
    ledger["sources"] = json!({"file:2017-03-19.ndjson": account});
    tables.snapshot.live = json!({"ledger": ledger});
    let gb = &golden["by_country"]["gb"];
    let [yes, no] = ["yes", "no"].map(|response| gb[response].as_u64().unwrap());
    let engine = sql_support::statements();
    for (name, pairs) in [
        ("world", &[][..]),
        ("kingdom", &[("country", "gb"), ("response", "yes")][..]),
    ] {
        let filters = Filters::of_pairs(pairs.iter().copied()).unwrap();
        let html = report::collect(
            &engine,
            &tables.snapshot,
            filters,
            &StatementLimits::local(),
        )
        .await
        .unwrap();
        assert!(html.len() < 600_000, "{} bytes", html.len());
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}.html"));
        std::fs::write(file, &html).unwrap();
        let said = if name == "world" {
            vec![
                "<span class=\"figure\">1,260</span>".to_owned(),
                format!("{} yes", golden["yes"]),
                format!("{} no", golden["no"]),
                format!("<title>United Kingdom: {} RSVPs</title>", yes + no),
            ]
        } else {
            vec![
                format!("<span class=\"figure\">{yes}</span>"),
                format!("<title>United Kingdom: {yes} RSVPs</title>"),
                format!("<span class=\"figure\">{}</span>", gb["heads"]),
            ]
        };
        for text in said {
            assert!(html.contains(&text), "{name}: {text}");
        }
    }
}
