//! Recordings that Firehose left in a bucket are imported as a folder of them is.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use headcount_test_servers::S3;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    harness::{fresh_name, turn, undamaged},
    support::*,
};

/// As the service names objects: the hour of delivery, then stream, version, second and a random number.
const OBJECTS: [&str; 4] = [
    "2026/11/21/06/rsvps-1-2026-11-21-06-59-10-0c1e3f8a-94d3-4f0e-a8a1-6f2f6f0f7e11",
    "2026/11/21/07/rsvps-1-2026-11-21-07-00-10-1d2f4a9b-85c2-4e1d-b7b0-5e1e5e0e6d22",
    "2026/11/21/07/rsvps-1-2026-11-21-07-05-10-2e305bac-76b1-4d2c-86cf-4d0d4d0d5c33",
    "2026/12/01/00/rsvps-2-2026-12-01-00-00-10-3f416cbd-67a0-4c3b-95de-3c0c3c0c4b44",
];

/// A prefix of the tests' bucket, and the same objects in a folder.
struct Bucket {
    s3: &'static S3,
    prefix: String,
    folder: TempDir,
}

impl Bucket {
    fn new() -> Self {
        Self {
            s3: S3::shared(),
            prefix: format!("{}/raw", fresh_name()),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn address_of(&self, key: &str) -> String {
        let (s3, prefix) = (self.s3, &self.prefix);
        let query = format!("endpoint={}&region={}", s3.endpoint(), s3.region());
        format!("s3://{}/{prefix}{key}?{query}", s3.bucket())
    }

    fn put(&self, key: &str, content: &[u8]) {
        let file = self.folder.path().join(key);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        self.upload(key, &file);
    }

    fn put_packed(&self, key: &str, content: &[u8]) {
        let unpacked = tempfile::NamedTempFile::new().unwrap();
        fs::write(unpacked.path(), content).unwrap();
        let packed = run(Command::new("gzip").arg("-c").arg(unpacked.path()));
        self.put(key, &packed.stdout);
    }

    fn upload(&self, key: &str, file: &Path) {
        let s3 = self.s3;
        let url = format!("{}/{}/{}/{key}", s3.endpoint(), s3.bucket(), self.prefix);
        run(Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--max-time", "60"])
            .args(["--aws-sigv4", "aws:amz:us-east-1:s3"])
            .args(["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"])
            .args([
                "--user",
                &format!("{}:{}", s3.access_key(), s3.secret_key()),
            ])
            .args(["-X", "PUT", "--data-binary"])
            .arg(format!("@{}", file.display()))
            .arg(url)
            .stdout(Stdio::null()));
    }

    /// `headcount import` of this into a folder, with people as they come, so that answers can be compared.
    fn import(&self, data: &Path, what: &str) -> Command {
        let mut command = headcount();
        command
            .env("AWS_ACCESS_KEY_ID", self.s3.access_key())
            .env("AWS_SECRET_ACCESS_KEY", self.s3.secret_key())
            .args(["import", "--json", "--keep-people", what, "--data"])
            .arg(data);
        command
    }
}

/// The values of a recording without anything between them; the last may be cut off.
fn concatenated(recording: &Path) -> Vec<u8> {
    all_lines_of(recording).concat().into_bytes()
}

fn nothing() -> Value {
    let became = json!({ "new": 0, "replaced": 0, "repeated": 0, "stale": 0, "quarantined": {} });
    json!({ "kept": 0, "rejected": {}, "repaired": 0, "became": became })
}

#[test]
fn what_firehose_left_on_s3_is_imported_once() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let bucket = Bucket::new();
    // The order of the keys counts, not that of delivery; and one is packed under a name that does not say so.
    for (at, recording) in undamaged(&data).iter().enumerate().rev() {
        match at {
            1 => bucket.put_packed(OBJECTS[at], &concatenated(recording)),
            _ => bucket.put(OBJECTS[at], &concatenated(recording)),
        }
    }
    // A console makes such an object to show a folder.
    bucket.put("2026/empty", b"");

    let kept = tempfile::tempdir().unwrap();
    let all = bucket.address_of("");
    run(bucket.import(kept.path(), &all).stdout(Stdio::null()));
    let found = summary(kept.path());
    assert_golden(&found, &right, &[]);
    verify(kept.path());
    let accounts = found["ledger"]["sources"].as_object().unwrap();
    let place = format!("s3://{}/{}", bucket.s3.bucket(), bucket.prefix);
    assert_eq!(accounts.keys().collect::<Vec<_>>(), [&place]);

    // The same again, one of them by its name, and the same objects as files.
    let folder = bucket.folder.path().display().to_string();
    let one = bucket.address_of(&format!("/{}", OBJECTS[2]));
    for what in [&all, &one, &folder] {
        let said = run_json(&mut bucket.import(kept.path(), what));
        assert_eq!(said, nothing(), "{what}");
    }

    let from_files = tempfile::tempdir().unwrap();
    run(bucket
        .import(from_files.path(), &folder)
        .stdout(Stdio::null()));
    assert_eq!(summary(from_files.path())["digest"], found["digest"]);
}

#[test]
fn an_object_that_cannot_be_read_is_named() {
    let _turn = turn();
    let bucket = Bucket::new();
    let whole = tempfile::NamedTempFile::new().unwrap();
    fs::write(whole.path(), "{\"rsvp_id\":1}".repeat(1000)).unwrap();
    let packed = run(Command::new("gzip").arg("-c").arg(whole.path())).stdout;
    bucket.put(OBJECTS[0], &packed[..packed.len() - 9]);
    let kept = tempfile::tempdir().unwrap();
    let missing = bucket.address_of("/2027");
    for (what, names, code) in [
        (bucket.address_of(""), OBJECTS[0], None),
        (missing, "raw/2027: there is no object", Some(66)),
    ] {
        let output = bucket.import(kept.path(), &what).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{what}");
        assert!(said.contains(names), "{said}");
        assert!(code.is_none() || output.status.code() == code, "{said}");
    }
}
