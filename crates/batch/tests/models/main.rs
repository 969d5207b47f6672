//! Models from the command line: trained on labelled events and on the tables, stored, promoted, refused; and what they
//! predict of groups that they have not seen.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod events;
mod live;
mod programs;

use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

use events::{EventFile, shared_data};
use programs::{batch, headcount, json, said};
use serde_json::Value;
use tempfile::TempDir;

/// A data folder with models that were trained on some of the labelled groups, and events of the others.
struct World {
    folder: TempDir,
    events: EventFile,
}

impl World {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let events = EventFile::sample(&shared_data()?, folder.path());
        Some(Self { folder, events })
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    fn train(&self, args: &[&str]) -> Vec<Value> {
        let mut command = batch(&["train", "--json"]);
        command.arg("--data").arg(self.data());
        command.arg("--labelled").arg(&self.events.train).args(args);
        let reports = json(&mut command);
        reports.as_array().unwrap().clone()
    }

    /// What is predicted of the held-out events, by id.
    fn predict(&self, what: &str, args: &[&str]) -> BTreeMap<String, Value> {
        let mut command = headcount(&["predict", what, "--json"]);
        command
            .arg("--data")
            .arg(self.data())
            .args(args)
            .arg(&self.events.test);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| (line["id"].as_str().unwrap().to_owned(), line))
            .collect()
    }

    fn model_file(&self, name: &str, version: u32) -> std::path::PathBuf {
        self.data()
            .join(format!("models/{name}/{version}/model.bin"))
    }
}

#[test]
fn models_beat_their_baselines_on_groups_that_they_have_not_seen() {
    let Some(world) = World::new() else { return };
    let reports = world.train(&["category", "turnout", "places", "themes"]);
    for report in &reports {
        assert_eq!(report["version"]["version"], 1, "{report}");
        assert_eq!(report["version"]["beats_baseline"], true, "{report}");
        assert_eq!(report["promoted"], true, "{report}");
    }
    let categories = world.predict("category", &[]);
    assert_eq!(categories.len(), world.events.held_out.len());
    let right = world
        .events
        .held_out
        .iter()
        .filter(|event| categories[&event.id]["value"] == event.category);
    let right = right.count() as f64 / categories.len() as f64;
    let largest = world.events.largest_category();
    assert!(
        right > 1.5 * largest,
        "{right:.3} are right, the largest category has {largest:.3}"
    );
    for line in categories.values() {
        let probability = line["probability"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&probability), "{line}");
        assert_eq!(line["model"], "category/1");
    }
    let turnouts = world.predict("turnout", &[]);
    let covered = world.events.held_out.iter().filter(|event| {
        let line = &turnouts[&event.id];
        let [low, value, high] = ["low", "value", "high"].map(|key| line[key].as_f64().unwrap());
        assert!(0.0 <= low && low <= value && value <= high, "{line}");
        (low..=high).contains(&f64::from(event.yes))
    });
    let covered = covered.count() as f64 / turnouts.len() as f64;
    // The sample is small, and its groups are few.
    assert!(
        (0.7..=0.9).contains(&covered),
        "{covered:.3} of the intervals hold"
    );
}

#[test]
fn one_seed_gives_equal_bytes_and_another_gives_others() {
    let Some(world) = World::new() else { return };
    let names = ["category", "turnout", "places", "themes"];
    for seed in ["7", "7", "8"] {
        let args: Vec<&str> = names
            .into_iter()
            .chain(["--seed", seed, "--no-promote"])
            .collect();
        world.train(&args);
    }
    for name in names {
        let [one, two, three] =
            [1, 2, 3].map(|version| fs::read(world.model_file(name, version)).unwrap());
        assert_eq!(one, two, "{name}");
        assert_ne!(one, three, "{name}");
    }
}

#[test]
fn a_killed_training_leaves_the_model_that_was_there() {
    let Some(world) = World::new() else { return };
    world.train(&["turnout"]);
    let before = world.predict("turnout", &[]);
    // It is killed while it trains, and while it stores.
    for stage in ["card.json", "model.bin"] {
        let mut child = batch(&["train", "turnout", "--data"])
            .arg(world.data())
            .arg("--labelled")
            .arg(&world.events.train)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        // As a kill between two files leaves it.
        let half = world.model_file("turnout", 9);
        fs::create_dir_all(half.parent().unwrap()).unwrap();
        fs::write(half.with_file_name(stage), b"half").unwrap();
        assert_eq!(world.predict("turnout", &[]), before);
    }
    let listed = json(headcount(&["models", "list", "--json", "--data"]).arg(world.data()));
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(world.train(&["turnout"])[0]["promoted"], true);
}

#[test]
fn what_is_not_the_stored_model_is_refused() {
    let Some(world) = World::new() else { return };
    world.train(&["turnout", "--seed", "1"]);
    world.train(&["turnout", "--seed", "2"]);
    let [one, two] = [1, 2].map(|version| world.model_file("turnout", version));
    let whole = fs::read(&two).unwrap();
    let card = two.with_file_name("card.json");
    let card_text = fs::read_to_string(&card).unwrap();
    let refused = |what: &str| {
        let output = headcount(&["predict", "turnout", "--data"])
            .arg(world.data())
            .arg(&world.events.test)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(65), "{what}: {}", said(&output));
        assert!(
            said(&output).contains("promote another version"),
            "{what}: {}",
            said(&output)
        );
    };
    fs::copy(&one, &two).unwrap();
    refused("a model of another seed");
    fs::write(&two, &whole[..whole.len() / 2]).unwrap();
    refused("a cut file");
    fs::write(&two, &whole).unwrap();
    fs::write(&card, card_text.replace("\"seed\": 2", "\"seed\": 3")).unwrap();
    refused("a changed card");
    fs::write(&card, card_text).unwrap();
    world.predict("turnout", &[]);
    // The way out that the message names works.
    fs::write(&two, b"").unwrap();
    let promoted = headcount(&["models", "promote", "turnout", "1", "--data"])
        .arg(world.data())
        .output()
        .unwrap();
    assert!(promoted.status.success(), "{}", said(&promoted));
    assert_eq!(
        world.predict("turnout", &[]).values().next().unwrap()["model"],
        "turnout/1"
    );
}

#[test]
fn answers_are_learnt_from_the_tables() {
    let Some(shared) = shared_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for name in ["2015-03-08.ndjson", "2017-03-19.ndjson"] {
        let recording = shared.join("rsvps").join(name);
        let imported = headcount(&["import", "--data"])
            .arg(&data)
            .arg(recording)
            .output()
            .unwrap();
        assert!(imported.status.success(), "{}", said(&imported));
    }
    let reports = json(batch(&["train", "--json", "--data"]).arg(&data));
    let reports: BTreeMap<String, Value> = reports
        .as_array()
        .unwrap()
        .iter()
        .map(|report| (report["model"].as_str().unwrap().to_owned(), report.clone()))
        .collect();
    let response = &reports["response"];
    assert_eq!(response["promoted"], true, "{response}");
    // The recordings have no descriptions and no categories: that is said, and nothing else fails for it.
    let why = reports["category"]["why"].as_str().unwrap();
    assert!(why.contains("at least"), "{why}");
    assert_eq!(reports["places"]["promoted"], true, "{}", reports["places"]);
    let event = folder.path().join("event");
    fs::write(&event, "{\"id\":\"x\",\"name\":\"Board games\"}\nrubbish\n").unwrap();
    let output = headcount(&["predict", "response", "--data"])
        .arg(&data)
        .arg(&event)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(65),
        "a line that is no event is told by the exit code"
    );
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let probability = lines[0]["probability"].as_f64().unwrap();
    assert!(
        probability > 0.5 && probability < 1.0,
        "most answers are yes: {probability}"
    );
    assert_eq!(lines[1]["line"], 2, "{}", said(&output));
}

#[test]
fn mistakes_are_named_with_their_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    let rubbish = folder.path().join("rubbish");
    fs::write(&rubbish, b"{\n[1]\nnull\n").unwrap();
    let rubbish = rubbish.to_str().unwrap();
    let refused = |output: std::process::Output, code: i32, words: &[&str]| {
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        for word in words {
            assert!(said(&output).contains(word), "{}", said(&output));
        }
    };
    refused(
        headcount(&["models", "list", "--data", &data])
            .output()
            .unwrap(),
        66,
        &["headcount train"],
    );
    refused(
        headcount(&["predict", "category", "-", "--data", &data])
            .output()
            .unwrap(),
        66,
        &["headcount train"],
    );
    refused(
        headcount(&["models", "show", "weather", "--data", &data])
            .output()
            .unwrap(),
        64,
        &["weather"],
    );
    refused(
        batch(&["train", "--data", &data]).output().unwrap(),
        66,
        &["holds no journal"],
    );
    refused(
        batch(&["train", "weather", "--data", &data])
            .output()
            .unwrap(),
        64,
        &["weather", "themes"],
    );
    let labelled = ["train", "--data", &data, "--labelled"];
    refused(
        batch(&[&labelled[..], &["/no/such/file"]].concat())
            .output()
            .unwrap(),
        66,
        &["/no/such/file"],
    );
    refused(
        batch(&[&labelled[..], &[rubbish]].concat())
            .output()
            .unwrap(),
        65,
        &["holds no event"],
    );
}
