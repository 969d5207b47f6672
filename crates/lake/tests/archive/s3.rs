//! An S3 server that is killed, and one that hangs: the archive waits and catches up, the journal does not notice.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use headcount_lake::archive::{self, Archiver, Stop};
use headcount_lake::{Lake, LakeAddress, Options};
use headcount_test_servers::S3;

use super::{CHILD, append, description, journal, objects, same, until};

/// Keys come from the environment, so what archives is a process of its own, and tells how it gets on.
#[test]
fn child_that_archives_through_outages() {
    let Ok(argument) = std::env::var(CHILD) else {
        return;
    };
    let (address, dir) = argument.split_once(' ').unwrap();
    let options = Options {
        attempt: Duration::from_millis(500),
        patience: Duration::from_millis(500),
        ..Options::default()
    };
    let lake = Lake::open_with(&LakeAddress::parse(address).unwrap(), options).unwrap();
    let journal = journal(dir.as_ref());
    let stop = Stop::new();
    std::thread::scope(|scope| {
        let mut archiver = Archiver::open(&lake, description(&journal), 0).unwrap();
        let figures = archiver.figures();
        let (journal, stop) = (&journal, &stop);
        let running = scope.spawn(move || {
            let open = |at: &archive::ArchivePosition| journal.reader_at(0, &at.place);
            archive::run(&mut archiver, open, stop).unwrap();
        });
        append(journal, 0, 500);
        until("an object", || figures.lag().objects > 0);
        for _ in 0..2 {
            println!("\nIT GOES ON");
            until("trouble", || {
                append(journal, 0, 20);
                figures.lag().trouble.is_some()
            });
            println!("\nIT WAITS");
            until("the end of the trouble", || figures.lag().trouble.is_none());
        }
        stop.finish();
        running.join().unwrap();
        assert_eq!(figures.lag().archived, journal.durable_end(0).unwrap());
    });
    same(&journal, &lake);
    assert!(objects(&lake) > 2);
    println!("\nIT IS ALL THERE");
}

#[test]
fn outages_are_waited_out() {
    let server = S3::start();
    let dir = tempfile::tempdir().unwrap();
    let address = format!("s3://{}/x?endpoint={}", server.bucket(), server.endpoint());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "s3::child_that_archives_through_outages",
            "--nocapture",
        ])
        .env(CHILD, format!("{address} {}", dir.path().display()))
        .env("AWS_ACCESS_KEY_ID", server.access_key())
        .env("AWS_SECRET_ACCESS_KEY", server.secret_key())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut wait = |what: &str| assert!(lines.any(|line| line == what), "{what} was not said");
    wait("IT GOES ON");
    server.kill();
    wait("IT WAITS");
    server.restart();
    wait("IT GOES ON");
    server.pause();
    wait("IT WAITS");
    server.resume();
    wait("IT IS ALL THERE");
    assert!(child.wait().unwrap().success());
}
