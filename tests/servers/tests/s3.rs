//! The S3 server keeps objects, checks signatures and conditions, and dies with the process that started it.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use headcount_test_servers::S3;

/// A signed request by curl: the status, and what came back.
fn request(s3: &S3, secret: &str, key: &str, arguments: &[&str]) -> (String, String) {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--max-time",
            "60",
            "--write-out",
            "\n%{http_code}",
        ])
        .args(["--aws-sigv4", "aws:amz:us-east-1:s3"])
        // curl before version 8 does not say by itself what it signs of the body.
        .args(["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"])
        .args(["--user", &format!("{}:{secret}", s3.access_key())])
        .args(arguments)
        .arg(format!("{}/{}/{key}", s3.endpoint(), s3.bucket()))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

fn put(s3: &S3, key: &str, arguments: &[&str]) -> String {
    let put = ["-X", "PUT", "--data-binary", "content"];
    request(s3, s3.secret_key(), key, &[&put[..], arguments].concat()).0
}

fn get(s3: &S3, key: &str) -> (String, String) {
    request(s3, s3.secret_key(), key, &[])
}

fn found() -> (String, String) {
    ("200".to_owned(), "content".to_owned())
}

#[test]
fn objects_outlive_the_server() {
    let s3 = S3::start();
    assert_eq!(put(&s3, "a", &[]), "200");
    let unless_there = ["-H", "If-None-Match: *"];
    assert_eq!(put(&s3, "a", &unless_there), "412");
    assert_eq!(request(&s3, "another secret", "a", &[]).0, "403");
    s3.kill();
    assert_eq!(get(&s3, "a").0, "000");
    s3.restart();
    assert_eq!(get(&s3, "a"), found());
    s3.pause();
    s3.resume();
    assert_eq!(get(&s3, "a"), found());
}

#[test]
fn a_shared_server_is_one() {
    assert_eq!(S3::shared().endpoint(), S3::shared().endpoint());
}

/// Runs only as the process that the next test kills.
#[test]
fn a_process_that_is_killed() {
    if env::var_os("HEADCOUNT_SERVERS_TO_BE_KILLED").is_none() {
        return;
    }
    // The thread that starts a server may end before its process does.
    let s3 = thread::spawn(S3::start).join().unwrap();
    let id = s3.process_id().unwrap();
    let folder = fs::read_link(format!("/proc/{id}/fd/1")).unwrap();
    println!(
        "serving {} {}",
        s3.endpoint(),
        folder.parent().unwrap().display()
    );
    thread::park();
}

#[test]
fn a_server_ends_with_the_process_that_started_it() {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_process_that_is_killed", "--nocapture"])
        .env("HEADCOUNT_SERVERS_TO_BE_KILLED", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let serving = lines
        .map(Result::unwrap)
        .find(|line| line.contains("serving "))
        .unwrap();
    let mut words = serving.split(' ').rev();
    let (folder, endpoint) = (words.next().unwrap(), words.next().unwrap());
    let address = endpoint.strip_prefix("http://").unwrap();
    assert!(TcpStream::connect(address).is_ok() && Path::new(folder).is_dir());
    process.kill().unwrap();
    process.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_ok() || Path::new(folder).exists() {
        assert!(Instant::now() < end, "{serving} is still there");
        thread::yield_now();
    }
}
