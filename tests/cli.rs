//! The command line: what it refuses, and how it says so.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
};

use support::*;

/// Runs and expects an exit code and words on standard error, with nothing on standard output.
#[track_caller]
fn refused(args: &[&str], code: i32, words: &[&str]) {
    let output = headcount().args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{args:?}");
    for word in words {
        assert!(
            said.contains(word),
            "{args:?}: {said:?} does not say {word:?}"
        );
    }
}

#[test]
fn mistakes_are_named_with_their_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    refused(&["count", "/no/such/file"], 66, &["/no/such/file"]);
    refused(
        &["import", "--data", data, "/no/such/file"],
        66,
        &["/no/such/file"],
    );
    refused(
        &["summary", "--data", data],
        66,
        &["holds no journal", "headcount import"],
    );
    refused(
        &["run", "--data", data, "--source", "gopher://x"],
        64,
        &["gopher", "ws://"],
    );
    refused(
        &[
            "run",
            "--data",
            data,
            "--listen",
            "0.0.0.0:0",
            "--source",
            "sim:",
        ],
        64,
        &["--unprotected"],
    );
    refused(
        &["run", "--data", data, "--source", "sim:?rte=5"],
        64,
        &["rte"],
    );
    refused(
        &["simulate", "--records", "1", "--rate", "0"],
        64,
        &["rate"],
    );
    refused(&["frobnicate"], 64, &["frobnicate"]);
    let lake = folder.path().join("lake");
    let lake = lake.to_str().unwrap();
    for args in [&["status", "--lake", lake], &["rebuild", "--from", lake]] {
        refused(args, 66, &["there is no lake in", "headcount run --lake"]);
    }
    refused(
        &["journal", "verify", "--data", data],
        66,
        &["holds no journal"],
    );
    let run = ["run", "--data", data];
    let also = |more: &[&'static str]| [&run[..], more].concat();
    refused(&also(&[]), 64, &["holds no journal", "--source"]);
    refused(&also(&["--role", "process"]), 64, &["--journal"]);
    refused(&also(&["--role", "serve"]), 64, &["--serving"]);
    refused(
        &also(&["--role", "serve", "--source", "sim:"]),
        64,
        &["--role ingest", "--serving"],
    );
    refused(&also(&["--journal", "redis://x"]), 64, &["kafka://"]);
    refused(
        &also(&["--source", "sim:", "--lake", "ftp://x"]),
        64,
        &["ftp"],
    );
}

/// A recording of so many simulated records.
fn simulate(file: &Path, records: u64) {
    run(headcount()
        .args(["simulate", "--records", &records.to_string()])
        .arg(file));
}

#[test]
fn real_records_and_simulated_ones_are_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("real.ndjson");
    simulate(&file, 20);
    let [real, simulated] = ["real", "simulated"].map(|name| folder.path().join(name));
    run(headcount().args(["import", "--data"]).arg(&real).arg(&file));
    let source = ["sim:?rate=1000&seed=1".to_owned()];
    let process = Process::run(&simulated, &source, &[]);
    process.wait_until("a record is counted", |process| {
        process.summary()["rsvps"] != 0
    });
    process.stop();

    let before = [&real, &simulated].map(|data| summary(data));
    let [real, simulated] = [&real, &simulated].map(|data| data.to_str().unwrap());
    let listen = free_address().to_string();
    for args in [
        &["demo", "--no-open", "--listen", &listen, "--data", real][..],
        &[
            "run", "--listen", &listen, "--source", "sim:", "--data", real,
        ],
    ] {
        refused(
            args,
            64,
            &["holds real records, from file:", "sim:", "--data"],
        );
    }
    let file = file.to_str().unwrap();
    let from = format!("file:{file}");
    for args in [
        &["import", "--data", simulated, file][..],
        &[
            "run", "--listen", &listen, "--source", &from, "--data", simulated,
        ],
    ] {
        refused(
            args,
            64,
            &["holds simulated records, from sim:", "file:", "--data"],
        );
    }
    let neither = folder.path().join("neither");
    let neither = neither.to_str().unwrap();
    refused(
        &[
            "run", "--listen", &listen, "--source", "sim:", "--source", &from, "--data", neither,
        ],
        64,
        &["holds simulated records"],
    );
    let after = [real, simulated].map(|data| summary(Path::new(data)));
    assert_eq!(after, before);
}

#[test]
fn without_a_source_what_is_there_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("x.ndjson"), folder.path().join("data"));
    simulate(&file, 200);
    run(headcount().args(["import", "--data"]).arg(&data).arg(&file));
    let right = summary(&data);
    let process = Process::run(&data, &[], &[]);
    assert_golden(&process.summary(), &right, &["as_of"]);
    process.stop();
    assert_eq!(summary(&data), right);
    verify(&data);
}

#[test]
fn an_interrupted_import_says_where_it_stopped_and_goes_on_there() {
    let folder = tempfile::tempdir().unwrap();
    let [file, pipe, data] = ["x.ndjson", "pipe", "data"].map(|name| folder.path().join(name));
    simulate(&file, 300);
    // Nobody writes to it, so there the import waits.
    run(Command::new("mkfifo").arg(&pipe));
    let import = |files: &[&Path]| {
        let mut command = headcount();
        command.args(["import", "--data"]).arg(&data).args(files);
        command
    };
    let mut child = import(&[&file, &pipe])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the file is kept", || {
        data.join("journal/journal.json").exists() && summary(&data)["records"] == 300
    });
    run(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let status = wait_for("the import ends", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(130));
    let mut said = [String::new(), String::new()];
    child.stdout.unwrap().read_to_string(&mut said[0]).unwrap();
    child.stderr.unwrap().read_to_string(&mut said[1]).unwrap();
    let counted = run_json(headcount().args(["count", "--json"]).arg(&file));
    let new = format!("kept {} new records", counted["ledger"]["new"]);
    assert!(said[0].starts_with(&new), "{} is not {new}", said[0]);
    for word in ["interrupted in", "pipe", "is stored"] {
        assert!(
            said[1].contains(word),
            "{:?} does not say {word:?}",
            said[1]
        );
    }
    verify(&data);
    let again = String::from_utf8(run(&mut import(&[&file])).stdout).unwrap();
    assert!(
        again.starts_with("kept 0 new records, 0 replaced"),
        "{again}"
    );
}

#[test]
fn an_import_says_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let [file, twice, data] =
        ["x.ndjson", "xx.ndjson", "data"].map(|name| folder.path().join(name));
    simulate(&file, 300);
    let counted = run_json(headcount().args(["count", "--json"]).arg(&file));
    let text = fs::read_to_string(&file).unwrap();
    // Other content, and not a new record in it.
    fs::write(&twice, format!("{text}{text}")).unwrap();
    let import = |file: &Path| {
        run_json(
            headcount()
                .args(["import", "--json", "--data"])
                .arg(&data)
                .arg(file),
        )
    };
    let first = import(&file);
    assert_eq!(first["kept"], 300);
    assert_eq!(first["became"]["new"], counted["ledger"]["new"]);
    let second = import(&twice);
    assert_eq!(
        (&second["kept"], &second["became"]["new"]),
        (&600.into(), &0.into())
    );
}

#[test]
fn a_reader_that_has_enough_ends_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("x.ndjson"), folder.path().join("data"));
    simulate(&file, 1);
    let mut text = fs::read_to_string(&file).unwrap();
    // More than fits into a pipe.
    text += &"{}\n".repeat(5_000);
    fs::write(&file, text).unwrap();
    run(headcount().args(["import", "--data"]).arg(&data).arg(&file));
    let mut child = headcount()
        .args(["dead-letters", "list", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("missing_field:rsvp_id"), "{line}");
    let status = wait_for("the list ends", || child.try_wait().unwrap());
    let mut said = String::new();
    child.stderr.unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn a_source_that_can_never_work_ends_run_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |sources: &[&'static str]| {
        let named = sources.iter().flat_map(|source| ["--source", source]);
        let fixed = ["run", "--data", data.to_str().unwrap()];
        fixed.into_iter().chain(named).collect::<Vec<_>>()
    };
    for gone in ["file:/no/such/file", "file:/no/such/file?speed=60"] {
        refused(&run(&[gone]), 66, &["/no/such/file", "is the path right"]);
    }
    // One is enough, and all are named.
    refused(
        &run(&["sim:", "file:/no/such/file", "file:/no/such/folder/"]),
        66,
        &["/no/such/file", "/no/such/folder/"],
    );
    if cfg!(feature = "cluster") {
        refused(&run(&["kafka://h:9092/no!topic"]), 64, &["other letters"]);
    } else {
        refused(
            &run(&["kafka://h:9092/topic"]),
            64,
            &["built without Kafka", "--features cluster"],
        );
    }
    assert!(!data.exists(), "nothing was started");
}

#[cfg(feature = "cluster")]
#[test]
fn passwords_in_addresses_with_a_mistake_are_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut said_of = Vec::new();
    for (option, variable, address) in [
        (
            "--serving",
            "HEADCOUNT_SERVING",
            "cassandra://u:topsecret@h/k?foo=1",
        ),
        (
            "--serving",
            "HEADCOUNT_SERVING",
            "cassandra://u:x?topsecret@h/k",
        ),
        (
            "--serving",
            "HEADCOUNT_SERVING",
            "cassandra:/u:topsecret@h/k",
        ),
        (
            "--source",
            "HEADCOUNT_SOURCE",
            "ws://u:topsecret@h:x/2/rsvps",
        ),
        ("--source", "HEADCOUNT_SOURCE", "kafka://u:x/topsecret@h/t"),
        (
            "--journal",
            "HEADCOUNT_JOURNAL",
            "kafka://u:topsecret@h/k?foo=1",
        ),
        (
            "--journal",
            "HEADCOUNT_JOURNAL",
            "kafka://h/t?sasl.password=topsecret",
        ),
        (
            "--journal",
            "HEADCOUNT_JOURNAL",
            "kinesis://u:topsecret@eu-west-1/s",
        ),
        ("--lake", "HEADCOUNT_LAKE", "s3://u:topsecret@bucket/x"),
        ("--lake", "HEADCOUNT_LAKE", "s3://bucket/x?secret=topsecret"),
        ("--lake", "HEADCOUNT_LAKE", "ftp://u:topsecret@bucket/x"),
    ] {
        let mut given = headcount();
        given.args(["run", option, address]);
        let mut environment = headcount();
        environment.arg("run").env(variable, address);
        for (mut command, beginning) in [
            (given, format!("error: {option} <")),
            // Which of several variables, for those that clap does not read.
            (
                environment,
                match option {
                    "--source" => format!("headcount: {variable}: "),
                    _ => format!("error: {option} <"),
                },
            ),
        ] {
            let output = command.arg("--data").arg(&data).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(64), "{said}");
            assert!(!said.contains("topsecret"), "{said}");
            // Which one it is, and more than that it is wrong.
            assert!(said.starts_with(&beginning), "{said}");
            assert!(said.lines().next().unwrap().len() > 40, "{said}");
            said_of.push(said);
        }
        let help = run(headcount().args(["run", "--help"]).env(variable, address));
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(help.contains(option), "{help}");
        assert!(!help.contains("topsecret"), "{help}");
    }
    assert!(said_of[0].contains("foo means nothing in this address"));
    for args in [
        &["cassandra://u:topsecret@h/k"][..],
        &["summary", "cassandra://u:topsecret@h/k"],
        &["summary", "--servin=cassandra://u:topsecret@h/k"],
    ] {
        let output = headcount().args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(!said.contains("topsecret"), "{said}");
    }
}

/// How many records a run of these sources keeps: its process has ended what it had to read.
#[track_caller]
fn kept(mut command: std::process::Command, sources: &[String], records: u64) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    command.env_remove("HEADCOUNT_LISTEN");
    let process = Process::run_with(command, &data, sources, &[]);
    process.wait_until("the server is ready", |process| process.is_ready());
    process.wait_until("all records", |process| {
        process.summary()["records"] == records
    });
    process.stop();
}

#[test]
fn a_source_is_one_address_and_its_path_may_have_spaces() {
    let folder = tempfile::tempdir().unwrap();
    let simulate = |name: &str, seed: &str| {
        let file = folder.path().join(name);
        run(headcount()
            .args(["simulate", "--records", "50", "--seed", seed])
            .arg(&file));
        file.to_str().unwrap().to_owned()
    };
    let spaced = simulate("my recording 100%.ndjson", "1");
    let plain = simulate("other.ndjson", "2");
    let escaped = spaced.replace('%', "%25").replace(' ', "%20");
    kept(headcount(), &[format!("file:{spaced}")], 50);
    kept(headcount(), &[format!("file:{escaped}")], 50);
    let mut environment = headcount();
    environment.env("HEADCOUNT_SOURCE", format!("file:{escaped} file:{plain}"));
    kept(environment, &[], 100);
}

#[test]
fn paths_and_addresses_to_listen_on_say_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    for (option, value, word) in [
        (
            "--source",
            "my recording.ndjson",
            "write file:my recording.ndjson",
        ),
        ("--source", "C:\\data\\x.ndjson", "path of another system"),
        (
            "--source",
            "file://data/x.ndjson",
            "write file:data/x.ndjson",
        ),
        ("--listen", "8080", "write :8080"),
        ("--listen", "*:8080", "write 0.0.0.0:8080"),
        ("--listen", "http://localhost:8080", "no scheme"),
    ] {
        refused(&["run", "--data", data, option, value], 64, &[word]);
    }
    // It is understood: what stops it comes after that.
    for value in ["localhost:0", ":0"] {
        let sources = ["--source", "file:x", "--role", "serve"];
        let args = [&["run", "--data", data, "--listen", value], &sources[..]].concat();
        refused(&args, 64, &["--role ingest"]);
    }
}

#[test]
fn a_journal_keeps_its_partitions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.ndjson");
    simulate(&file, 1);
    let (file, data) = (file.to_str().unwrap(), folder.path().join("data"));
    let data = data.to_str().unwrap();
    run(headcount().args(["import", "--partitions", "3", "--data", data, file]));
    refused(
        &["import", "--partitions", "4", "--data", data, file],
        64,
        &["3 partitions", "not 4"],
    );
    run(headcount().args(["import", "--data", data, file]));
}

#[test]
fn no_arguments_is_help_that_starts_with_what_a_newcomer_needs() {
    let help = String::from_utf8(run(&mut headcount()).stdout).unwrap();
    let mut lines = help.lines();
    assert!(lines.next().unwrap().contains("headcount demo"), "{help}");
    assert!(lines.next().unwrap().contains("headcount count"), "{help}");
}

#[test]
fn damage_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("sim.ndjson"), folder.path().join("data"));
    run(headcount()
        .args(["simulate", "--records", "200"])
        .arg(&file));
    run(headcount()
        .args(["import", "--partitions", "1", "--data"])
        .arg(&data)
        .arg(&file));
    run(headcount().args(["journal", "verify", "--data"]).arg(&data));
    let stat = run_json(
        headcount()
            .args(["journal", "stat", "--json", "--data"])
            .arg(&data),
    );
    assert!(stat["partitions"][0]["entries"].as_u64().unwrap() > 200);

    let segment = data.join("journal/p000/00000000000000000000.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[20_000] ^= 4;
    fs::write(&segment, bytes).unwrap();
    let output = headcount()
        .args(["journal", "verify", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(65));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("00000000000000000000.seg"), "{said}");
}

#[test]
fn a_broken_checkpoint_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("sim.ndjson"), folder.path().join("data"));
    run(headcount()
        .args(["simulate", "--records", "500"])
        .arg(&file));
    run(headcount().args(["import", "--data"]).arg(&data).arg(&file));
    let right = summary(&data);
    fs::write(
        data.join("state/p000/checkpoint"),
        b"HCSTATE1 and then rubbish",
    )
    .unwrap();
    assert_eq!(summary(&data), right);
    run(headcount().args(["rebuild", "--data"]).arg(&data));
    assert_eq!(summary(&data), right);
    verify(&data);
}

#[test]
fn a_checkpoint_of_another_folder_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| {
        let (file, data) = (
            folder.path().join(name),
            folder.path().join(format!("d-{name}")),
        );
        run(headcount()
            .args(["simulate", "--records", "500", "--seed"])
            .arg(name.len().to_string())
            .arg(&file));
        run(headcount().args(["import", "--data"]).arg(&data).arg(&file));
        data
    });
    let right = summary(&other);
    assert_ne!(summary(&one), right);
    let checkpoint = "state/p000/checkpoint";
    fs::copy(one.join(checkpoint), other.join(checkpoint)).unwrap();
    assert_eq!(summary(&other), right);
}

#[test]
fn one_seed_gives_one_file_and_threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = [folder.path().join("a"), folder.path().join("b")];
    for file in &files {
        run(headcount()
            .args(["simulate", "--records", "3000", "--seed", "9"])
            .arg(file));
    }
    assert_eq!(fs::read(&files[0]).unwrap(), fs::read(&files[1]).unwrap());
    let counts = ["1", "2", "5"].map(|threads| {
        run_json(
            headcount()
                .args(["count", "--json", "--threads", threads])
                .arg(&files[0]),
        )
    });
    for count in &counts[1..] {
        for member in [
            "digest",
            "kinds",
            "by_country",
            "members",
            "busiest_5s",
            "top_topics_yes",
            "ledger",
        ] {
            assert_eq!(count[member], counts[0][member], "{member}");
        }
    }
    assert_eq!(counts[0]["records"], 3000);
    assert_eq!(counts[0]["malformed"], 0);
}

#[test]
fn a_log_that_is_read_no_more_does_not_end_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = headcount();
    command.env("HEADCOUNT_LOG", "info").stderr(Stdio::piped());
    let sources = ["sim:?rate=20".to_owned()];
    let (process, log) = Process::run_logged(command, folder.path(), &sources);
    let mut first = String::new();
    BufReader::new(log).read_line(&mut first).unwrap();
    // The server and the program each say it, and either may be first.
    let is_begin = ["serving", "listening"].map(|word| first.contains(word));
    assert!(is_begin.contains(&true), "{first}");
    // Nobody reads what it says from here on: the other of the two, and that it stops.
    process.wait_until("it is ready all the same", |process| process.is_ready());
    process.stop();
}
