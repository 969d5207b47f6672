//! The live program's answers under random filters, beside DuckDB's over the same recording.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use fastrand::Rng;
use headcount_batch::named::{self, Filters};
use serde_json::{Value, json};

use crate::{Question, TableRows, answers_of_others, live::Live, shared_data};

const SETS: usize = 200;
const ANALYSES: [&str; 4] = ["totals", "countries", "topics", "venues_most_yes"];

/// What a recording has of each dimension.
fn values(recording: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let text = std::fs::read_to_string(recording).unwrap();
    let mut values: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let Ok(record) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let group = &record["group"];
        let mut add = |dimension, value: &Value| {
            let text = value.as_str().map(str::to_owned);
            let text = text.or_else(|| value.as_i64().map(|number| number.to_string()));
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                values.entry(dimension).or_default().insert(text);
            }
        };
        add("country", &group["group_country"]);
        add("city", &group["group_city"]);
        let part = |name: &str| group[name].as_str().unwrap_or_default();
        let (city, state) = (part("group_city"), part("group_state"));
        let key = format!("{city}|{state}|{}", part("group_country"));
        if !city.is_empty() {
            add("city", &key.into());
        }
        for topic in group["group_topics"].as_array().into_iter().flatten() {
            add("topic", &topic["urlkey"]);
        }
        add("group", &group["group_id"]);
        add("venue", &record["venue"]["venue_id"]);
        add("event", &record["event"]["event_id"]);
    }
    let mut values: BTreeMap<_, Vec<_>> = (values.into_iter())
        .map(|(dimension, values)| (dimension, values.into_iter().collect()))
        .collect();
    let responses = ["yes", "no", "maybe"].map(str::to_owned);
    values.insert("response", responses.to_vec());
    values
}

/// One to three dimensions, each with a few values or with many, so that something is left.
fn random_set(
    values: &BTreeMap<&'static str, Vec<String>>,
    random: &mut Rng,
) -> Vec<(&'static str, String)> {
    let dimensions: Vec<_> = values.keys().copied().collect();
    let count = random.usize(1..=3);
    let chosen = random.choose_multiple(dimensions, count);
    let mut set = Vec::new();
    for dimension in chosen {
        let count = match dimension {
            "response" => random.usize(1..=2),
            _ => [1, 3, 30][random.usize(..3)],
        };
        let of_dimension = random.choose_multiple(values[dimension].iter(), count);
        set.extend(
            of_dimension
                .into_iter()
                .map(|value| (dimension, value.clone())),
        );
    }
    set
}

fn questions(sets: &[Vec<(&'static str, String)>]) -> Vec<Question> {
    let mut questions = Vec::new();
    for set in sets {
        let pairs = set.iter().map(|(name, value)| (*name, value.as_str()));
        let filters = Filters::of_pairs(pairs).unwrap();
        for name in ANALYSES {
            let named = named::all()
                .iter()
                .find(|named| named.name == name)
                .unwrap();
            questions.push(Question {
                name: named.name,
                sql: named.statement(&filters),
                filters: filters.clone(),
            });
        }
    }
    questions
}

/// The parts of a summary that DuckDB has too.
fn shown(summary: &Value) -> Value {
    let of = |name: &str| summary[name].clone();
    let countries = summary["by_country"].as_object().unwrap().iter();
    let countries: BTreeMap<_, _> = countries
        .map(|(country, sum)| (country, json!([sum["yes"], sum["no"], sum["heads"]])))
        .collect();
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
    ];
    json!({
        "totals": Vec::from(totals.map(of)),
        "countries": countries,
        "topics": summary["top_topics_yes"],
        "venues": summary["top_venues_yes"],
    })
}

/// The same from the rows of the analyses.
fn expected(answers: &[&TableRows]) -> Value {
    let number = |value: &Value| value.as_f64().unwrap() as i64;
    let [totals, countries, topics, venues] = answers else {
        panic!("an answer for each analysis")
    };
    let totals = [0, 1, 2, 4, 5, 6, 7, 8, 9].map(|column| number(&totals[0][column]));
    let countries: BTreeMap<_, _> = countries
        .iter()
        .map(|row| {
            let sums = [2, 3, 4].map(|column| number(&row[column]));
            (row[0].as_str().unwrap(), sums)
        })
        .collect();
    let topics: Vec<_> = topics
        .iter()
        .map(|row| (row[5].clone(), number(&row[1])))
        .filter(|(_, yes)| *yes > 0)
        .take(10)
        .collect();
    let venues: Vec<_> = venues
        .iter()
        .map(|row| (number(&row[5]), number(&row[1])))
        .take(10)
        .collect();
    json!({"totals": Vec::from(totals), "countries": countries, "topics": topics, "venues": venues})
}

#[tokio::test(flavor = "multi_thread")]
async fn random_filters_answer_as_duckdb_does() {
    let Some(data) = shared_data() else { return };
    let recording: PathBuf = data.join("rsvps/2017-03-19.ndjson");
    let values = values(&recording);
    assert_eq!(values.len(), 7);
    let mut random = Rng::with_seed(7);
    let sets: Vec<_> = (0..SETS)
        .map(|_| random_set(&values, &mut random))
        .collect();
    let questions = questions(&sets);
    let folder = tempfile::tempdir().unwrap();
    let others = answers_of_others(std::slice::from_ref(&recording), folder.path(), &questions);
    let live = Live::over(&recording, &folder.path().join("data"), "off").await;
    let mut with_answers = 0;
    for (set, answers) in sets.iter().zip(others.chunks(ANALYSES.len())) {
        let summary = live.get("/api/v1/summary", set).await;
        let summary = summary.unwrap_or_else(|| panic!("no answer to {set:?}"));
        with_answers += usize::from(summary["rsvps"] != 0);
        let by_duckdb: Vec<_> = answers.iter().map(|answer| &answer["duckdb"]).collect();
        assert_eq!(shown(&summary), expected(&by_duckdb), "{set:?}");
    }
    // Filters under which nothing is left show nothing.
    assert!(with_answers > SETS / 2, "{with_answers}");
}
