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
use crate::message::MessageBatch;
use crate::position::{Position, Resume, ResumeState};
use crate::run::Options;
use crate::status::Activity;
use crate::testing::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 1).unwrap()
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn lz4(text: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn xz(text: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A tar with a folder and with files that are none of ours beside the members.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut append = |path: &str, kind, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, content).unwrap();
    };
    append("folder/", tar::EntryType::Directory, b"");
    append(".hidden", tar::EntryType::Regular, b"{\"hidden\":1}");
    for (path, content) in members {
        append(path, tar::EntryType::Regular, content);
    }
    builder.into_inner().unwrap()
}

fn zip(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    writer.add_directory("folder", options).unwrap();
    for (path, content) in [("__MACOSX/._x", &b"{}"[..])].iter().chain(members) {
        writer.start_file(*path, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn utf16(text: &[u8], big_endian: bool) -> Vec<u8> {
    let text = std::str::from_utf8(text).unwrap();
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

fn at_once(path: &Path) -> FileAddress {
    FileAddress {
        path: path.to_owned(),
        pace: FilePace::AtOnce,
    }
}

async fn import(
    path: &Path,
    resume: Resume,
    options: Options,
) -> (Result<Ended, Error>, Vec<MessageBatch>) {
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
    let zeros = vec![0; 10_000];
    let table: [(&str, Vec<u8>); 24] = [
        ("plain.ndjson", whole.to_vec()),
        ("packed.gz", gzip(whole)),
        ("packed.zst", zstd(whole)),
        ("gzip-in-disguise.ndjson", gzip(whole)),
        ("zstd-in-disguise", zstd(whole)),
        ("plain-in-disguise.gz", whole.to_vec()),
        ("members.gz", [gzip(first), gzip(second)].concat()),
        ("frames.zst", [zstd(first), zstd(second)].concat()),
        ("packed.bz2", bzip2(whole)),
        ("members.bz2", [bzip2(first), bzip2(second)].concat()),
        ("packed.lz4", lz4(whole)),
        ("frames.lz4", [lz4(first), lz4(second)].concat()),
        ("packed.xz", xz(whole)),
        (
            "streams.xz",
            [xz(first), vec![0; 8], xz(second), vec![0; 4]].concat(),
        ),
        ("windows.txt", utf16(whole, false)),
        ("windows-be.txt", utf16(whole, true)),
        ("no-mark.txt", utf16(whole, false)[2..].to_vec()),
        ("no-mark-be.txt", utf16(whole, true)[2..].to_vec()),
        ("windows.gz", gzip(&utf16(whole, false))),
        ("twice.gz", gzip(&gzip(whole))),
        ("padded.gz", [gzip(whole), zeros.clone()].concat()),
        (
            "from-a-tape.gz",
            [gzip(first), zeros.clone(), gzip(second), zeros.clone()].concat(),
        ),
        ("padded.zst", [zstd(whole), zeros.clone()].concat()),
        ("padded.bz2", [bzip2(whole), zeros].concat()),
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
async fn the_smallest_files_are_read_too() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("small");
    for content in [&b""[..], b"{}", b"{\"a\":1}\n", b"x"] {
        for packed in [
            gzip(content),
            zstd(content),
            bzip2(content),
            lz4(content),
            xz(content),
        ] {
            fs::write(&path, packed).unwrap();
            let (ended, batches) = import(&path, Resume::fresh(), Options::default()).await;
            assert_eq!(ended.unwrap(), Ended::Finished, "{content:?}");
            let expected = usize::from(!content.is_empty());
            assert_eq!(all_items(batches).len(), expected, "{content:?}");
        }
    }
}

#[tokio::test]
async fn archives_are_their_members_in_order() {
    let folder = tempdir().unwrap();
    let long = format!("{}/long.ndjson", "d".repeat(150));
    // Packed for itself, in a folder with a long name, without an end of its last line, empty.
    let members: [(&str, &[u8]); 4] = [
        ("./a.json.gz", &gzip(b"{\"a\":1}")),
        (&long, b"{\"b\":2}\n{\"cut\":"),
        ("empty", b""),
        ("folder/z.txt", &utf16(b"{\"c\":3}", false)),
    ];
    let expected = ["{\"a\":1}", "{\"b\":2}", "<{\"cut\":>", "{\"c\":3}"];
    let deflated = zip(&members, zip::CompressionMethod::Deflated);
    for (name, bytes) in [
        ("plain.tar", tar(&members)),
        ("packed.tgz", gzip(&tar(&members))),
        ("packed.tar.xz", xz(&tar(&members))),
        ("stored.zip", zip(&members, zip::CompressionMethod::Stored)),
        ("deflated.zip", deflated.clone()),
        ("of.tar", tar(&[("in.tar", &tar(&members))])),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (ended, batches) = import(&path, Resume::fresh(), Options::default()).await;
        assert_eq!(ended.unwrap(), Ended::Finished, "{name}");
        assert_eq!(texts(&all_items(batches)), expected, "{name}");
    }
    // A bit is wrong in what is stored of the second one.
    let mut broken = zip(&members, zip::CompressionMethod::Stored);
    let at = memchr::memmem::find(&broken, b"{\"b\":2}").unwrap();
    broken[at + 5] ^= 1;
    let path = folder.path().join("broken.zip");
    fs::write(&path, broken).unwrap();
    let error = import(&path, Resume::fresh(), Options::default())
        .await
        .0
        .unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
    // What gives nothing back cannot be read through its end.
    let unpacked = unpack(std::io::Cursor::new(deflated)).err().unwrap();
    assert!(unpacked.to_string().contains("unzip -p"), "{unpacked}");
}

#[tokio::test]
async fn what_is_not_read_here_is_named_with_what_converts_it() {
    let folder = tempdir().unwrap();
    let parquet = b"PAR1 and so on, and PAR1".to_vec();
    let five_times = (0..5).fold(b"{}".to_vec(), |packed, _| gzip(&packed));
    for (name, bytes, words) in [
        ("x.parquet", parquet.clone(), ["Parquet", "duckdb"]),
        ("packed.gz", gzip(&parquet), ["Parquet", "duckdb"]),
        (
            "x.pdf",
            b"%PDF-1.7\n%\xe2\xe3 and so on\n".to_vec(),
            ["PDF", "pdftotext"],
        ),
        (
            "x.7z",
            b"7z\xbc\xaf\x27\x1c and so on".to_vec(),
            ["7z", "7z x"],
        ),
        (
            "utf32",
            b"\xff\xfe\0\0{\0\0\0".to_vec(),
            ["UTF-32", "iconv"],
        ),
        (
            "deep.gz",
            five_times,
            ["more than 4 times", "unpack it first"],
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (ended, batches) = import(&path, Resume::fresh(), Options::default()).await;
        let error = ended.unwrap_err().to_string();
        for word in words.iter().chain([&name]) {
            assert!(error.contains(word), "{error:?} does not say {word:?}");
        }
        assert!(!error.contains("is the path right"), "{error}");
        assert_eq!(batches, []);
    }
    // In an archive the others are read up to there.
    let path = folder.path().join("some.tar");
    fs::write(&path, tar(&[("a", b"{\"a\":1}"), ("b.parquet", &parquet)])).unwrap();
    let (ended, batches) = import(&path, Resume::fresh(), Options::default()).await;
    let error = ended.unwrap_err().to_string();
    assert!(
        error.contains("b.parquet in it: this is Parquet"),
        "{error}"
    );
    assert_eq!(texts(&all_items(batches)), ["{\"a\":1}"]);
}

#[test]
fn what_unpacks_without_end_is_refused() {
    use std::io::Read as _;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    let zeros = vec![0; 4 << 20];
    let bombs = [
        gzip(&zeros),
        gzip(&gzip(&zeros)),
        zstd(&zeros),
        xz(&zeros),
        bzip2(&zeros),
        tar(&[("a", &zstd(&zeros))]),
        zip(&[("a", &zeros)], zip::CompressionMethod::Deflated),
    ];
    for (number, bomb) in bombs.into_iter().enumerate() {
        for free_bytes in [1 << 20, 64 << 20] {
            // As if only a byte of it had been read: what is small enough for a test is packed too honestly.
            let packed = Arc::new(AtomicU64::new(1));
            let unpacker =
                file_unpacker::FileUnpacker::new(Arc::clone(&packed)).with_free_bytes(free_bytes);
            let read = unpacker
                .open_seekable(std::io::Cursor::new(bomb.clone()))
                .and_then(|mut reader| reader.read_to_end(&mut Vec::new()));
            assert_eq!(packed.load(Ordering::Relaxed), 1);
            match read {
                Ok(_) => assert!(free_bytes > 4 << 20, "bomb {number}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(
                        free_bytes == 1 << 20 && error.contains("no end to it"),
                        "{error}"
                    );
                }
            }
        }
    }
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
async fn a_damaged_file_takes_nothing_from_its_neighbours() {
    let folder = tempdir().unwrap();
    let packed = gzip(b"{\"b\":1}\n");
    for (name, bytes) in [
        ("a", &b"{\"a\":1}"[..]),
        ("b.gz", &packed[..packed.len() - 8]),
        ("c.parquet", b"PAR1"),
        ("d", b"{\"d\":1}"),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let (ended, batches) = import(folder.path(), Resume::fresh(), Options::default()).await;
    assert!(ended.unwrap_err().to_string().contains("b.gz"));
    assert_eq!(
        texts(&all_items(batches)),
        ["{\"a\":1}", "{\"b\":1}", "{\"d\":1}"]
    );
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
            pace: FilePace::Speed(speed),
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

#[tokio::test]
async fn what_comes_through_a_pipe_may_be_packed() {
    let whole = RECORDING.as_bytes();
    for packed in [gzip(whole), zstd(whole)] {
        let (mut context, mut bench) = bench(Resume::fresh(), Options::default());
        let reading = crate::stdin::run_over(|| Ok(std::io::Cursor::new(packed)), &mut context);
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
        .status_is(|status| status.state == Activity::Failed)
        .await;
    assert_eq!(status.error, Some(error));
}

#[tokio::test]
async fn a_pipe_gives_values_as_soon_as_they_are_complete() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (mut context, mut bench) = bench(Resume::fresh(), Options::default());
    let running =
        tokio::spawn(async move { crate::stdin::run_over(|| Ok(reader), &mut context).await });
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
    // Stopped while nobody has opened the other end of one with a name.
    let folder = tempdir().unwrap();
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let (context, bench) = crate::testing::bench(Resume::fresh(), Options::default());
    let running = tokio::spawn(run(at_once(&path), context));
    bench.trigger.stop();
    assert_eq!(
        timeout(LIMIT, running).await.unwrap().unwrap().unwrap(),
        Ended::Stopped
    );
    // Its reader's thread would hold the test up otherwise.
    drop(fs::OpenOptions::new().write(true).open(&path).unwrap());
    // Stopped while nothing comes.
    let (reader, _writer) = std::io::pipe().unwrap();
    let (mut context, bench) = crate::testing::bench(Resume::fresh(), Options::default());
    let running =
        tokio::spawn(async move { crate::stdin::run_over(|| Ok(reader), &mut context).await });
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
