//! The lake on a real S3 server, with real signatures; and through a network that fails.
//!
//! Credentials come from the environment, which a process cannot change for itself: each test goes on in a child.

use std::process::Stdio;
use std::time::Duration;

use headcount_lake::{Error, Lake, LakeAddress, Options, PutOutcome, SwapOutcome};
use headcount_test_servers::S3;

use super::fault::{Fault, Server};
use super::{child, suite};

/// What a test gets in its process.
struct Here {
    endpoint: String,
    bucket: String,
    prefix: String,
}

impl Here {
    fn address(&self, endpoint: &str) -> String {
        let Self { bucket, prefix, .. } = self;
        format!("s3://{bucket}/{prefix}?endpoint={endpoint}&region=us-east-1")
    }

    /// Through a network that fails, for which there is little patience.
    fn through(&self, server: &Server) -> Lake {
        open(&self.address(&server.endpoint())).unwrap()
    }
}

fn open(address: &str) -> Result<Lake, Error> {
    let options = Options {
        attempt: Duration::from_millis(1_500),
        patience: Duration::from_secs(20),
        ..Options::default()
    };
    Lake::open_with(&LakeAddress::parse(address)?, options)
}

/// Runs a test, with the server's keys in the environment, in a process of its own.
fn with_keys(test: &str, run: impl FnOnce(Here)) {
    let server = || S3::shared();
    with(
        test,
        &|| server().access_key().to_owned(),
        &|| server().secret_key().to_owned(),
        run,
    );
}

fn with(test: &str, key: &dyn Fn() -> String, secret: &dyn Fn() -> String, run: impl FnOnce(Here)) {
    if let Some(argument) = child::argument() {
        let mut words = argument.split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap();
        return run(Here {
            endpoint: word(),
            bucket: word(),
            prefix: word(),
        });
    }
    let server = S3::shared();
    // A prefix of its own.
    let argument = format!("{} {} {test}", server.endpoint(), server.bucket());
    let mut command = child::test(&format!("s3::{test}"), &argument);
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", key()),
        ("AWS_SECRET_ACCESS_KEY", secret()),
    ] {
        if !value.is_empty() {
            command.env(name, value);
        }
    }
    let output = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn conforms() {
    with_keys("conforms", |here| {
        suite::run(&open(&here.address(&here.endpoint)).unwrap());
    });
}

#[test]
fn a_prefix_is_a_lake_of_its_own() {
    with_keys("a_prefix_is_a_lake_of_its_own", |here| {
        let lake = |prefix: &str| {
            let Here {
                bucket, endpoint, ..
            } = &here;
            open(&format!("s3://{bucket}/{prefix}?endpoint={endpoint}")).unwrap()
        };
        let (one, other) = (lake("own/a b ü"), lake("own/a b üx"));
        one.put("x", b"1").unwrap();
        assert_eq!(other.get("x").unwrap(), None);
        let mut keys = Vec::new();
        one.list("", |object| keys.push(object.key)).unwrap();
        assert_eq!(keys, ["x"]);
        assert_eq!(one.to_string(), "s3://headcount-test/own/a b ü");
    });
}

#[test]
fn what_was_applied_unheard_is_ours() {
    with_keys("what_was_applied_unheard_is_ours", |here| {
        let server = Server::before(&here.endpoint);
        let lake = here.through(&server);
        let ways = [Fault::Reset, Fault::Error, Fault::Silence];
        for (number, fault) in ways.into_iter().enumerate() {
            let (key, body) = (format!("new/{number}"), format!("ours {number}"));
            // Not done, done but not heard of, and then it is there.
            server.tell(&[Fault::SlowDown, fault]);
            let PutOutcome::Created(tag) = lake.put_new(&key, body.clone().into()).unwrap() else {
                panic!("{fault:?}: it is ours")
            };
            server.tell(&[fault]);
            let SwapOutcome::Stored(tag) = lake.put_if(&key, &tag, "swapped".into()).unwrap()
            else {
                panic!("{fault:?}: it was ours")
            };
            server.tell(&[Fault::Lost]);
            assert!(matches!(
                lake.put_if(&key, &tag, "again".into()).unwrap(),
                SwapOutcome::Stored(_)
            ));
            assert_eq!(&lake.get(&key).unwrap().unwrap().0[..], b"again");
            server.tell(&[fault]);
            lake.delete(&key).unwrap();
            assert_eq!(lake.get(&key).unwrap(), None);
        }
    });
}

#[test]
fn what_is_anothers_stays_anothers() {
    with_keys("what_is_anothers_stays_anothers", |here| {
        let server = Server::before(&here.endpoint);
        let lake = here.through(&server);
        let PutOutcome::Created(stale) = lake.put_new("theirs", "old".into()).unwrap() else {
            panic!("it was not there")
        };
        lake.put_if("theirs", &stale, "theirs".into()).unwrap();
        for fault in [
            Fault::SlowDown,
            Fault::Reset,
            Fault::Error,
            Fault::Silence,
            Fault::Lost,
        ] {
            server.tell(&[fault, fault]);
            assert_eq!(
                lake.put_new("theirs", "mine".into()).unwrap(),
                PutOutcome::Exists,
                "{fault:?}"
            );
            server.tell(&[fault, fault]);
            assert_eq!(
                lake.put_if("theirs", &stale, "mine".into()).unwrap(),
                SwapOutcome::Lost,
                "{fault:?}"
            );
            assert_eq!(&lake.get("theirs").unwrap().unwrap().0[..], b"theirs");
        }
    });
}

#[test]
fn large_objects_survive_a_bad_network() {
    with_keys("large_objects_survive_a_bad_network", |here| {
        let server = Server::before(&here.endpoint);
        let lake = here.through(&server);
        let body: Vec<u8> = (0..(18_u32 << 20)).map(|n| (n / 251) as u8).collect();
        use Fault::{Error, Half, None, Reset, Silence, SlowDown};
        // Begun twice; a part sent twice; completed without being heard.
        server.tell(&[
            Reset, None, Reset, SlowDown, None, None, Error, None, Silence,
        ]);
        lake.put("large", &body).unwrap();
        assert_eq!(server.left(), 0);
        // Each half brings half of what is left.
        server.tell(&[Half, SlowDown, Half, Half]);
        assert!(lake.get("large").unwrap().unwrap().0 == body);
        assert_eq!(server.left(), 0);
        server.tell(&[SlowDown, Half]);
        let mut keys = Vec::new();
        lake.list("", |object| keys.push(object.key)).unwrap();
        assert_eq!(keys, ["large"]);
    });
}

#[test]
fn patience_ends() {
    with_keys("patience_ends", |here| {
        let server = Server::before(&here.endpoint);
        let address = LakeAddress::parse(&here.address(&server.endpoint())).unwrap();
        let options = Options {
            attempt: Duration::from_millis(500),
            patience: Duration::from_millis(500),
            ..Options::default()
        };
        let lake = Lake::open_with(&address, options).unwrap();
        server.tell(&[Fault::SlowDown; 1_000]);
        let error = lake.put_new("x", "1".into()).unwrap_err();
        assert!(
            error.may_pass() && error.to_string().contains("SlowDown"),
            "{error}"
        );
        server.tell(&[]);
        assert!(matches!(
            lake.put_new("x", "1".into()).unwrap(),
            PutOutcome::Created(_)
        ));
    });
}

#[test]
fn what_is_too_large_is_not_read() {
    with_keys("what_is_too_large_is_not_read", |here| {
        let address = LakeAddress::parse(&here.address(&here.endpoint)).unwrap();
        let options = Options {
            read_bytes_max: 10,
            ..Options::default()
        };
        let lake = Lake::open_to_read(&address, options).unwrap();
        lake.put("fits", &[0; 10]).unwrap();
        lake.put("large", &[0; 11]).unwrap();
        assert!(lake.get("fits").unwrap().is_some());
        let error = lake.get("large").unwrap_err().to_string();
        assert!(
            error.contains("large") && error.contains("11 bytes"),
            "{error}"
        );
    });
}

#[test]
fn stores_without_atomic_conditions_are_refused() {
    with_keys("stores_without_atomic_conditions_are_refused", |here| {
        for polite in [false, true] {
            let server = Server::careless(polite);
            let error = open(&here.address(&server.endpoint())).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("several processes could create one object"),
                "{error}"
            );
        }
    });
}

#[test]
fn a_wrong_secret_is_said() {
    let wrong = || "wrong".to_owned();
    with(
        "a_wrong_secret_is_said",
        &|| S3::shared().access_key().to_owned(),
        &wrong,
        refused,
    );
}

#[test]
fn an_unknown_key_is_said() {
    let unknown = || "unknown".to_owned();
    with("an_unknown_key_is_said", &unknown, &unknown, refused);
}

fn refused(here: Here) {
    let error = open(&here.address(&here.endpoint)).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(
        error.to_string().contains("check AWS_ACCESS_KEY_ID"),
        "{error}"
    );
    // The server's page is not repeated.
    let told = error.to_string();
    assert!(told.len() < 500 && !told.contains('<'), "{told}");
}

#[test]
fn missing_keys_are_said() {
    let none = String::new;
    with("missing_keys_are_said", &none, &none, |here| {
        let error = open(&here.address(&here.endpoint)).unwrap_err();
        assert!(
            error.to_string().contains("set AWS_ACCESS_KEY_ID and"),
            "{error}"
        );
    });
}

#[test]
fn a_missing_secret_is_said() {
    let none = String::new;
    with(
        "a_missing_secret_is_said",
        &|| "key".to_owned(),
        &none,
        |here| {
            let error = open(&here.address(&here.endpoint)).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("AWS_SECRET_ACCESS_KEY is not set"),
                "{error}"
            );
        },
    );
}

#[test]
fn a_missing_bucket_is_said() {
    with_keys("a_missing_bucket_is_said", |here| {
        let address = format!("s3://no-such-bucket/x?endpoint={}", here.endpoint);
        let error = open(&address).unwrap_err();
        assert!(matches!(error, Error::NoBucket { .. }), "{error}");
    });
}
