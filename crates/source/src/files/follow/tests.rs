#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use proptest::prelude::*;
use tempfile::tempdir;
use tokio::time::{Duration, timeout};

use super::following::{Following, PathState};
use crate::address::{FileAddress, FilePace};
use crate::error::{Ended, Error};
use crate::message::SourceItem;
use crate::position::{Position, Resume};
use crate::status::Activity;
use crate::testing::*;

/// A file that is followed in the background.
struct FollowRun {
    bench: Bench,
    running: tokio::task::JoinHandle<Result<Ended, Error>>,
}

fn follow(path: &Path, resume: Resume) -> FollowRun {
    let (context, bench) = bench(resume, quick());
    let address = FileAddress {
        path: path.to_owned(),
        pace: FilePace::Follow,
    };
    FollowRun {
        bench,
        running: tokio::spawn(crate::files::run(address, context)),
    }
}

impl FollowRun {
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

    async fn stop(mut self) -> Vec<SourceItem> {
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
        .status_is(|status| status.state == Activity::Idle && status.error.is_none())
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
    let SourceItem::Message(message) = &batch.items[0] else {
        panic!()
    };
    assert_eq!(
        (&message.bytes[..], message.location.to_string()),
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
    let (texts, second) = following.messages(1).await;
    assert_eq!(texts, ["{\"a\":1}"]);
    // The old one is over when it is still.
    let (texts, cut) = following.messages(1).await;
    assert_eq!(texts, ["<{\"cut>"]);
    // Cut short and written anew.
    fs::write(&path, "{\"z\":1}\n{\"a\":3}\n").unwrap();
    let (texts, third) = following.messages(3).await;
    assert_eq!(
        texts,
        [
            "gap: the file was cut short or begun anew: what was written to it just before may be missing",
            "{\"z\":1}",
            "{\"a\":3}"
        ]
    );
    assert_eq!(following.bench.status.borrow().gaps, 1);
    assert_eq!(following.stop().await, []);
    let of = |resume: &Resume| resume.beginning("follow:").next().unwrap().of.clone();
    assert_ne!(of(&first), of(&second));
    assert_eq!(of(&first), of(&cut));
    // What is known of all of them leads to the last one.
    let all = [&cut, &second, &third].map(|resume| resume.beginning("").next().unwrap().clone());
    append(&path, "{\"a\":4}\n");
    let mut following = follow(&path, Resume::from(all.to_vec()));
    assert_eq!(following.messages(1).await.0, ["{\"a\":4}"]);
    // Away and back under the same name.
    fs::remove_file(&path).unwrap();
    following
        .bench
        .status_is(|status| status.state == Activity::Connecting)
        .await;
    append(&path, "{\"b\":1}\n");
    assert_eq!(following.messages(1).await.0, ["{\"b\":1}"]);
    following.stop().await;
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.gz");
    fs::write(&path, b"\x1f\x8b\x08 and so on\n").unwrap();
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

/// What is brought until there is nothing more, and what is to be stored with it.
fn looked(following: &mut Following, stored: &mut Vec<Position>) -> Vec<String> {
    let mut items = Vec::new();
    loop {
        let look = following.look(1 << 20).unwrap();
        for batch in look.batches {
            let position = batch.position.unwrap();
            stored.retain(|before| before.of != position.of);
            stored.push(position);
            items.extend(batch.items);
        }
        if !matches!(look.state, PathState::Reading) {
            return texts(&items);
        }
    }
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_renamed_file_is_read_while_it_is_written_to() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("log");
    let moved = folder.path().join("log.1");
    append(&path, "{\"a\":1}\n{\"a\":2}\n");
    let mut following = Following::new(path.clone(), &Resume::fresh(), HOUR);
    let mut stored = Vec::new();
    assert_eq!(
        looked(&mut following, &mut stored),
        ["{\"a\":1}", "{\"a\":2}"]
    );
    append(&path, "{\"a\":3}\n{\"a\":");
    fs::rename(&path, &moved).unwrap();
    append(&path, "{\"a\":1}\n");
    assert_eq!(
        looked(&mut following, &mut stored),
        ["{\"a\":3}", "{\"a\":1}"]
    );
    append(&moved, "4}\n");
    assert_eq!(looked(&mut following, &mut stored), ["{\"a\":4}"]);
    // A stop between, in which both grow.
    append(&moved, "{\"a\":5}\n");
    append(&path, "{\"a\":6}\n");
    let mut following = Following::new(path.clone(), &Resume::from(stored.clone()), HOUR);
    assert_eq!(
        looked(&mut following, &mut stored),
        ["{\"a\":5}", "{\"a\":6}"]
    );
    append(&moved, "{\"a\":7}\n");
    assert_eq!(looked(&mut following, &mut stored), ["{\"a\":7}"]);
    // A link, and a hard link, in its place.
    let other = folder.path().join("other");
    append(&other, "{\"a\":8}\n");
    append(&path, "{\"a\":9}\n");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    assert_eq!(
        looked(&mut following, &mut stored),
        ["{\"a\":9}", "{\"a\":8}"]
    );
    let third = folder.path().join("third");
    append(&third, "{\"a\":10}\n");
    fs::remove_file(&path).unwrap();
    fs::hard_link(&third, &path).unwrap();
    assert_eq!(looked(&mut following, &mut stored), ["{\"a\":10}"]);
    // A file that has no whole line before another takes its place.
    fs::remove_file(&path).unwrap();
    append(&path, "{\"a\":11}");
    assert_eq!(looked(&mut following, &mut stored), Vec::<String>::new());
    fs::remove_file(&path).unwrap();
    append(&path, "{\"a\":12}\n");
    assert_eq!(
        looked(&mut following, &mut stored),
        ["{\"a\":11}", "{\"a\":12}"]
    );
}

#[test]
fn a_file_that_is_copied_and_cut_short_is_read_on_in_the_copy() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("log");
    append(&path, "{\"h\":0}\n{\"a\":1}\n");
    let mut following = Following::new(path.clone(), &Resume::fresh(), HOUR);
    let mut stored = Vec::new();
    looked(&mut following, &mut stored);
    for (turn, restart) in [false, true].into_iter().enumerate() {
        append(&path, "{\"a\":2}\n");
        fs::copy(&path, folder.path().join(format!("log.{turn}"))).unwrap();
        let anew = format!("{{\"h\":0}}\n{{\"b\":{turn}}}\n{{\"b\":2}}\n{{\"b\":3}}\n");
        fs::write(&path, anew).unwrap();
        if restart {
            following = Following::new(path.clone(), &Resume::from(stored.clone()), HOUR);
        }
        let mut found = looked(&mut following, &mut stored);
        // A gap begins as no record does.
        found.sort_by_key(|text| (text.starts_with("gap"), text.clone()));
        let b = format!("{{\"b\":{turn}}}");
        let gap = found.pop().unwrap();
        assert!(gap.starts_with("gap: the file was"), "{gap}");
        assert_eq!(
            found,
            ["{\"a\":2}", &b, "{\"b\":2}", "{\"b\":3}", "{\"h\":0}"]
        );
    }
}

/// What a writer, an administrator or time does.
#[derive(Debug, Clone)]
enum Step {
    Append,
    /// Half a line; the next `Append` ends it.
    AppendHalf,
    Rename,
    /// To the file that was renamed last.
    WriteOn,
    CopyAndCut,
    /// Begun anew with the same first line: what was not read is gone.
    Anew,
    Look,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Append),
        1 => Just(Step::AppendHalf),
        1 => Just(Step::Rename),
        2 => Just(Step::WriteOn),
        1 => Just(Step::CopyAndCut),
        1 => Just(Step::Anew),
        4 => Just(Step::Look),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every line comes once, whatever is done; one that does not come is covered by a gap.
    #[test]
    fn whatever_is_done_to_a_file_its_lines_come_once_or_a_gap_says_so(steps in steps()) {
        let folder = tempdir().unwrap();
        let path = folder.path().join("log");
        let mut following = Following::new(path.clone(), &Resume::fresh(), HOUR);
        let (mut stored, mut found) = (Vec::new(), Vec::new());
        let (mut written, mut number, mut moved) = (Vec::new(), 0, None);
        let mut line = |written: &mut Vec<String>| {
            number += 1;
            let text = format!("{{\"line\":{number}}}");
            written.push(text.clone());
            format!("{text}\n")
        };
        let mut half = String::new();
        // Whether the file has more than the first line, which the next may have too, and whether that was read; whether
        // another took its place since it was looked at; and whether anything can be missing.
        let (mut has_more, mut is_known, mut is_replaced, mut is_lossy) = (false, false, false, false);
        const FIRST: &str = "{\"first\":0}\n";
        append(&path, FIRST);
        looked(&mut following, &mut stored);
        for (at, step) in steps.iter().enumerate() {
            let to = folder.path().join(format!("log.{at}"));
            match step {
                Step::Append => {
                    let text = line(&mut written);
                    append(&path, &text[half.len()..]);
                    half.clear();
                    has_more = true;
                }
                Step::AppendHalf if half.is_empty() => {
                    half = "{\"li".to_owned();
                    append(&path, &half);
                }
                // Whoever renames a file writes its last line to its end.
                Step::Rename if half.is_empty() => {
                    fs::rename(&path, &to).unwrap();
                    append(&path, FIRST);
                    moved = Some(to);
                    is_lossy |= std::mem::replace(&mut is_replaced, true);
                    (has_more, is_known) = (false, false);
                }
                Step::CopyAndCut if half.is_empty() && is_known => {
                    fs::copy(&path, &to).unwrap();
                    fs::write(&path, FIRST).unwrap();
                    moved = None;
                    is_lossy |= std::mem::replace(&mut is_replaced, true);
                    (has_more, is_known) = (false, false);
                }
                Step::WriteOn => {
                    if let Some(moved) = &moved {
                        append(moved, &line(&mut written));
                    }
                }
                Step::Anew if is_known => {
                    half.clear();
                    let lines: Vec<String> = (0..5).map(|_| line(&mut written)).collect();
                    fs::write(&path, FIRST.to_owned() + &lines.concat()).unwrap();
                    (has_more, is_known, is_replaced, is_lossy) = (false, false, true, true);
                }
                Step::Look => {
                    let came = looked(&mut following, &mut stored);
                    is_known |= !is_replaced && has_more;
                    is_replaced = false;
                    found.extend(came);
                }
                Step::Restart => {
                    following = Following::new(path.clone(), &Resume::from(stored.clone()), HOUR);
                }
                Step::AppendHalf | Step::Rename | Step::CopyAndCut | Step::Anew => {}
            }
        }
        found.extend(looked(&mut following, &mut stored));
        let gaps = found.iter().filter(|text| text.starts_with("gap")).count();
        let mut lines: Vec<String> = found.iter().filter(|text| text.starts_with("{\"line")).cloned().collect();
        lines.sort();
        let all = lines.len();
        lines.dedup();
        prop_assert_eq!(lines.len(), all, "a line came twice: {:?}", found);
        let missing: Vec<&String> = written.iter().filter(|line| !lines.contains(line)).collect();
        prop_assert!(missing.is_empty() || is_lossy, "missing {:?}: {:?}", missing, found);
        prop_assert!(missing.is_empty() || gaps > 0, "no gap, and missing {:?}: {:?}", missing, found);
    }
}
