#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::tempdir;
use tokio::time::{Duration, Instant, timeout};

use super::*;
use crate::address::SourceAddress;
use crate::any_source::AnySource;
use crate::message::{Batch, Item};
use crate::position::{Position, Resume, ResumeState};
use crate::run::Options;
use crate::status::State;
use crate::testing::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 1).unwrap()
}

fn at_once(path: &Path) -> FileAddress {
    FileAddress {
        path: path.to_owned(),
        pace: Pace::AtOnce,
    }
}

async fn import(
    path: &Path,
    resume: Resume,
    options: Options,
) -> (Result<Ended, Error>, Vec<Batch>) {
    let (context, mut bench) = bench(resume, options);
    let (ended, batches) = tokio::join!(run(at_once(path), context), bench.rest());
    (ended, batches)
}

const RECORDING: &str = "HTTP/1.1 200 OK\r\nDate: today\r\n\r\n{\"a\":1}\r\n{'b':2}\r\n\r\n{\n  \"c\": 3\n}\n[{\"d\":4},{\"e\":5}]\n{\"f\":";
const RECORDED: [&str; 6] = [
    "{\"a\":1}",
    "<{'b':2}>",
    "{\n  \"c\": 3\n}",
    "{\"d\":4}",
    "{\"e\":5}",
    "<{\"f\":>",
];

#[tokio::test]
async fn however_packed_it_is_the_same_recording() {
    let folder = tempdir().unwrap();
    let (first, second) = RECORDING.as_bytes().split_at(50);
    let whole = RECORDING.as_bytes();
    let table: [(&str, Vec<u8>); 8] = [
        ("plain.ndjson", whole.to_vec()),
        ("packed.gz", gzip(whole)),
        ("packed.zst", zstd(whole)),
        ("gzip-in-disguise.ndjson", gzip(whole)),
        ("zstd-in-disguise", zstd(whole)),
        ("plain-in-disguise.gz", whole.to_vec()),
        ("members.gz", [gzip(first), gzip(second)].concat()),
        ("frames.zst", [zstd(first), zstd(second)].concat()),
    ];
    let mut names = Vec::new();
    for (name, bytes) in table {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (ended, batches) = import(&path, Resume::fresh(), Options::default()).await;
        assert_eq!(ended.unwrap(), Ended::Finished);
        let position = last_position(&batches).unwrap();
        assert_eq!(position.at, Some(whole.len() as u64), "{name}");
        names.push(position.of);
        assert_eq!(texts(&all_items(batches)), RECORDED, "{name}");
    }
    names.dedup();
    assert_eq!(names.len(), 1, "a recording is known by its content");
}

#[tokio::test]
async fn it_is_exactly_once_from_any_position() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("recording");
    fs::write(&path, RECORDING).unwrap();
    let small = Options {
        batch_items: 1,
        ..Options::default()
    };
    let (_, batches) = import(&path, Resume::fresh(), small.clone()).await;
    let positions: Vec<_> = batches
        .iter()
        .map(|batch| batch.position.clone().unwrap())
        .collect();
    let all = all_items(batches);
    assert!(
        positions.len() > RECORDED.len(),
        "one batch an item, and the last"
    );
    for (count, position) in positions.into_iter().enumerate() {
        let (ended, rest) = import(&path, Resume::from(vec![position]), small.clone()).await;
        assert_eq!(ended.unwrap(), Ended::Finished);
        assert_eq!(all_items(rest), all[(count + 1).min(all.len())..]);
    }
}

#[tokio::test]
async fn the_second_time_nothing_comes() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("recording");
    fs::write(&path, RECORDING).unwrap();
    let (_, batches) = import(&path, Resume::fresh(), Options::default()).await;
    let resume = Resume::from(vec![last_position(&batches).unwrap()]);
    let (ended, batches) = import(&path, resume.clone(), Options::default()).await;
    assert_eq!((ended.unwrap(), batches), (Ended::Finished, vec![]));
    // Under another name, packed: still the same. With another byte: another recording.
    fs::write(&path, gzip(RECORDING.as_bytes())).unwrap();
    assert_eq!(
        import(&path, resume.clone(), Options::default()).await.1,
        []
    );
    fs::write(&path, format!("{RECORDING} ")).unwrap();
    assert_eq!(
        all_items(import(&path, resume, Options::default()).await.1).len(),
        RECORDED.len()
    );
}

#[tokio::test]
async fn partitions_resume_at_the_least_of_them() {
    let position = |of: &str, at| Position::new(of, Some(at), ResumeState::File);
    let partitions: [&[_]; 3] = [
        &[position("file:x", 9), position("file:y", 5)],
        &[position("file:x", 4)],
        &[position("file:x", 7)],
    ];
    let resume = Resume::from_partitions(partitions);
    assert_eq!(resume.of("file:x").unwrap().at, Some(4));
    assert_eq!(
        resume.of("file:y").unwrap().at,
        Some(0),
        "two partitions know nothing of it"
    );
    assert_eq!(resume.of("file:z"), None);
}

#[tokio::test]
async fn a_damaged_archive_gives_what_can_be_read_and_says_so() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("cut.gz");
    let records: String = (0..20_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let packed = gzip(records.as_bytes());
    for (bytes, word) in [
        (
            packed[..packed.len() / 2].to_vec(),
            "incomplete deflate stream",
        ),
        ([&packed[..], b"junk after it"].concat(), "gzip"),
        ([&packed[..packed.len() - 8], &[0; 8]].concat(), "checksum"),
    ] {
        fs::write(&path, &bytes).unwrap();
        let (ended, batches) = import(&path, Resume::fresh(), Options::default()).await;
        let error = ended.unwrap_err();
        assert!(std::error::Error::source(&error).is_none(), "said twice");
        let error = error.to_string();
        assert!(error.contains(word) && error.contains("cut.gz"), "{error}");
        let resume = Resume::from(vec![last_position(&batches).unwrap()]);
        let items = all_items(batches);
        assert!(items.len() > 1000, "{}", items.len());
        let (again, batches) = import(&path, resume, Options::default()).await;
        assert!(again.is_err(), "it stays damaged");
        assert_eq!(all_items(batches), [], "but nothing comes twice");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_with_its_path() {
    let folder = tempdir().unwrap();
    let (ended, batches) = import(
        &folder.path().join("absent"),
        Resume::fresh(),
        Options::default(),
    )
    .await;
    let error = ended.unwrap_err().to_string();
    assert!(
        error.contains("absent") && error.contains("is the path right"),
        "{error}"
    );
    assert_eq!(batches, []);
}

#[tokio::test]
async fn a_folder_is_its_files_in_order() {
    let folder = tempdir().unwrap();
    for name in ["b.ndjson", "a/z.json", "a/y.gz", ".hidden", "c", ".git/x"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, gzip(format!("{{\"from\":\"{name}\"}}").as_bytes())).unwrap();
    }
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    let (ended, batches) = import(folder.path(), Resume::fresh(), Options::default()).await;
    assert_eq!(ended.unwrap(), Ended::Finished);
    let expected =
        ["a/y.gz", "a/z.json", "b.ndjson", "c"].map(|name| format!("{{\"from\":\"{name}\"}}"));
    assert_eq!(texts(&all_items(batches)), expected);
}

#[tokio::test]
async fn it_stops_when_told_and_waits_when_the_program_is_slow() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("long");
    fs::write(&path, "{\"a\":1}\n".repeat(100_000)).unwrap();
    let (context, mut bench) = bench(
        Resume::fresh(),
        Options {
            batch_items: 10,
            ..Options::default()
        },
    );
    let running = tokio::spawn(run(at_once(&path), context));
    bench.next().await.unwrap();
    // The queue is full long before the file is at its end, and nothing is lost by stopping then.
    bench.trigger.stop();
    let mut last = 0;
    for batch in bench.rest().await {
        last = batch.position.unwrap().at.unwrap();
    }
    assert_eq!(
        timeout(LIMIT, running).await.unwrap().unwrap().unwrap(),
        Ended::Stopped
    );
    assert!(last < 800_000, "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_replay_follows_record_time() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("recording");
    // 0, 10 s later, a re-sent one with a rounded and older time, one a little behind, an hour later, 0.5 s later.
    let times = [
        1_000_001,
        1_010_001,
        990_000,
        1_009_999,
        4_610_001,
        4_610_501_i64,
    ];
    let lines: String = times
        .iter()
        .map(|mtime| format!("{{\"mtime\":{mtime}}}\n"))
        .collect();
    fs::write(&path, lines).unwrap();
    for (speed, expected) in [
        (20.0, [0, 500, 500, 500, 1500, 1525]),
        (1.0, [0, 1000, 1000, 1000, 2000, 2500]),
    ] {
        let (context, mut bench) = bench(Resume::fresh(), Options::default());
        let address = FileAddress {
            path: path.clone(),
            pace: Pace::Speed(speed),
        };
        let running = tokio::spawn(run(address, context));
        let begun = Instant::now();
        let mut arrivals = Vec::new();
        let mut at = 0;
        while let Some(batch) = bench.inbox.next().await {
            let batch = batch.open().0;
            for _ in &batch.items {
                arrivals.push(begun.elapsed().as_millis());
            }
            at = batch.position.unwrap().at.unwrap();
        }
        assert_eq!(running.await.unwrap().unwrap(), Ended::Finished);
        for (arrival, expected) in arrivals.iter().zip(expected) {
            assert!(
                arrival.abs_diff(expected) <= 5,
                "{arrivals:?} is not {expected:?}"
            );
        }
        assert_eq!(
            (arrivals.len(), at),
            (6, fs::metadata(&path).unwrap().len())
        );
    }
}

/// A file that is followed in the background.
struct Following {
    bench: Bench,
    running: tokio::task::JoinHandle<Result<Ended, Error>>,
}

fn follow(path: &Path, resume: Resume) -> Following {
    let (context, bench) = bench(resume, quick());
    let address = FileAddress {
        path: path.to_owned(),
        pace: Pace::Follow,
    };
    Following {
        bench,
        running: tokio::spawn(run(address, context)),
    }
}

impl Following {
    /// The next so many messages, and the position after them.
    async fn messages(&mut self, count: usize) -> (Vec<String>, Resume) {
        let mut items = Vec::new();
        let mut position = None;
        while items.len() < count {
            let batch = self.bench.next().await.unwrap();
            position = batch.position;
            items.extend(batch.items);
        }
        (texts(&items), Resume::from(vec![position.unwrap()]))
    }

    async fn stop(mut self) -> Vec<Item> {
        self.bench.trigger.stop();
        let rest = all_items(self.bench.rest().await);
        assert_eq!(
            timeout(LIMIT, self.running)
                .await
                .unwrap()
                .unwrap()
                .unwrap(),
            Ended::Stopped
        );
        rest
    }
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_growing_file_is_followed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("log");
    let mut following = follow(&path, Resume::fresh());
    following
        .bench
        .status_is(|status| {
            status
                .error
                .as_ref()
                .is_some_and(|e| e.contains("to appear"))
        })
        .await;
    append(&path, "{\"a\":1}\n{\"b\":");
    assert_eq!(following.messages(1).await.0, ["{\"a\":1}"]);
    following
        .bench
        .status_is(|status| status.state == State::Idle && status.error.is_none())
        .await;
    // The rest of the line, a broken line, a line cut in a text.
    append(&path, "2}\n{'c'}\n{\"d\":\"");
    assert_eq!(following.messages(2).await.0, ["{\"b\":2}", "<{'c'}>"]);
    append(&path, "4\"}\n");
    let (texts, position) = following.messages(1).await;
    assert_eq!(texts, ["{\"d\":\"4\"}"]);
    assert_eq!(following.stop().await, []);
    // Another process goes on there.
    append(&path, "{\"e\":5}\n");
    let mut following = follow(&path, position);
    let batch = following.bench.next().await.unwrap();
    let Item::Message(message) = &batch.items[0] else {
        panic!()
    };
    assert_eq!(
        (&message.bytes[..], message.place.to_string()),
        (&b"{\"e\":5}"[..], "line 5 (byte 32)".to_owned())
    );
    assert_eq!(following.stop().await, []);
}

#[tokio::test]
async fn rotation_and_truncation_begin_anew() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("log");
    append(&path, "{\"a\":1}\n{\"a\":2}\n");
    let mut following = follow(&path, Resume::fresh());
    let (texts, first) = following.messages(2).await;
    assert_eq!(texts, ["{\"a\":1}", "{\"a\":2}"]);
    // Renamed away, with an unfinished line in the old file and the same first line in the new one.
    append(&path, "{\"cut");
    fs::rename(&path, folder.path().join("log.1")).unwrap();
    append(&path, "{\"a\":1}\n");
    let (texts, second) = following.messages(2).await;
    assert_eq!(texts, ["<{\"cut>", "{\"a\":1}"]);
    // Cut short and written anew.
    fs::write(&path, "{\"z\":1}\n{\"a\":3}\n").unwrap();
    let (texts, third) = following.messages(2).await;
    assert_eq!(texts, ["{\"z\":1}", "{\"a\":3}"]);
    assert_eq!(following.stop().await, []);
    let of = |resume: &Resume| resume.beginning("follow:").next().unwrap().of.clone();
    assert_ne!(of(&first), of(&second));
    // What is known of all of them leads to the last one.
    let all = [&first, &second, &third].map(|resume| resume.beginning("").next().unwrap().clone());
    append(&path, "{\"a\":4}\n");
    let mut following = follow(&path, Resume::from(all.to_vec()));
    assert_eq!(following.messages(1).await.0, ["{\"a\":4}"]);
    // Away and back under the same name.
    fs::remove_file(&path).unwrap();
    following
        .bench
        .status_is(|status| status.state == State::Connecting)
        .await;
    append(&path, "{\"b\":1}\n");
    assert_eq!(following.messages(1).await.0, ["{\"b\":1}"]);
    following.stop().await;
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.gz");
    fs::write(&path, gzip(b"{}\n")).unwrap();
    for (path, part) in [(path.as_path(), "packed"), (folder.path(), "plain file")] {
        let following = follow(path, Resume::fresh());
        let error = timeout(LIMIT, following.running)
            .await
            .unwrap()
            .unwrap()
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn what_comes_through_a_pipe_may_be_packed() {
    let whole = RECORDING.as_bytes();
    for packed in [gzip(whole), zstd(whole)] {
        let (mut context, mut bench) = bench(Resume::fresh(), Options::default());
        let reading = crate::stdin::run_over(std::io::Cursor::new(packed), &mut context);
        assert_eq!(reading.await.unwrap(), Ended::Finished);
        drop(context);
        assert_eq!(texts(&all_items(bench.rest().await)), RECORDED);
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_said_in_the_status_too() {
    let (context, mut bench) = bench(Resume::fresh(), Options::default());
    let Context {
        sink,
        resume,
        report,
        shutdown,
        ..
    } = context;
    let address: SourceAddress = "file:/nonexist/x.ndjson".parse().unwrap();
    let running = AnySource::new(address).run(sink, resume, report, shutdown);
    let error = running.await.unwrap_err().to_string();
    assert!(
        error.contains("/nonexist/x.ndjson: No such file"),
        "{error}"
    );
    assert!(error.contains("is the path right"), "{error}");
    let status = bench
        .status_is(|status| status.state == State::Failed)
        .await;
    assert_eq!(status.error, Some(error));
}

#[tokio::test]
async fn a_pipe_gives_values_as_soon_as_they_are_complete() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (mut context, mut bench) = bench(Resume::fresh(), Options::default());
    let running = tokio::spawn(async move { crate::stdin::run_over(reader, &mut context).await });
    for text in ["{\"a\":1}\n", "{\"b\":\n2}"] {
        writer.write_all(text.as_bytes()).unwrap();
        let batch = bench.next().await.unwrap();
        assert_eq!(
            (texts(&batch.items), batch.position),
            (vec![text.trim_end().to_owned()], None)
        );
    }
    writer.write_all(b"\nnoise").unwrap();
    drop(writer);
    assert_eq!(texts(&all_items(bench.rest().await)), ["<noise>"]);
    assert_eq!(running.await.unwrap().unwrap(), Ended::Finished);
    // Stopped while nothing comes.
    let (reader, _writer) = std::io::pipe().unwrap();
    let (mut context, bench) = crate::testing::bench(Resume::fresh(), Options::default());
    let running = tokio::spawn(async move { crate::stdin::run_over(reader, &mut context).await });
    bench.trigger.stop();
    assert_eq!(
        timeout(Duration::from_secs(5), running)
            .await
            .unwrap()
            .unwrap()
            .unwrap(),
        Ended::Stopped
    );
}
