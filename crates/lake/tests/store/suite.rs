//! What every lake must do, whatever it is made of.

use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use headcount_lake::claims::{ClaimProgress, Claims, Renewed, WorkerHeartbeat};
use headcount_lake::{Lake, PutOutcome, SwapOutcome};

/// Runs all of it in an empty lake.
pub(crate) fn run(lake: &Lake) {
    objects_come_and_go(lake);
    racing_creators_have_one_winner(lake);
    swaps_are_never_lost(lake);
    names_may_be_odd(lake);
    listings_are_whole_and_in_order(lake);
    large_objects_are_whole(lake);
    claims_grow_and_are_lost_and_found(lake);
}

fn objects_come_and_go(lake: &Lake) {
    assert_eq!(lake.get("a/none").unwrap(), None);
    lake.delete("a/none").unwrap();
    let PutOutcome::Created(first) = lake.put_new("a/one", "first".into()).unwrap() else {
        panic!("it was not there")
    };
    assert_eq!(
        lake.put_new("a/one", "second".into()).unwrap(),
        PutOutcome::Exists
    );
    let (body, tag) = lake.get("a/one").unwrap().unwrap();
    assert_eq!((&body[..], &tag), (&b"first"[..], &first));
    let SwapOutcome::Stored(third) = lake.put_if("a/one", &tag, "third".into()).unwrap() else {
        panic!("nobody else was there")
    };
    assert_eq!(
        lake.put_if("a/one", &first, "stale".into()).unwrap(),
        SwapOutcome::Lost
    );
    assert_eq!(&lake.get("a/one").unwrap().unwrap().0[..], b"third");
    lake.put("a/one", b"").unwrap();
    assert_eq!(&lake.get("a/one").unwrap().unwrap().0[..], b"");
    assert_eq!(
        lake.put_if("a/one", &third, "stale".into()).unwrap(),
        SwapOutcome::Lost
    );
    lake.delete("a/one").unwrap();
    assert_eq!(lake.get("a/one").unwrap(), None);
    assert_eq!(
        lake.put_if("a/one", &third, "gone".into()).unwrap(),
        SwapOutcome::Lost
    );
    assert!(lake.put_new("a/../b", Bytes::new()).is_err());
    assert!(lake.get("").is_err());
}

fn racing_creators_have_one_winner(lake: &Lake) {
    let winners = AtomicU32::new(0);
    let rounds = 20;
    std::thread::scope(|scope| {
        for racer in 0..8 {
            let winners = &winners;
            scope.spawn(move || {
                for round in 0..rounds {
                    let (key, body) = (format!("race/{round}"), format!("racer {racer}"));
                    if let PutOutcome::Created(_) = lake.put_new(&key, body.clone().into()).unwrap()
                    {
                        winners.fetch_add(1, Ordering::Relaxed);
                        assert_eq!(lake.get(&key).unwrap().unwrap().0, body);
                    }
                }
            });
        }
    });
    assert_eq!(winners.into_inner(), rounds);
}

fn swaps_are_never_lost(lake: &Lake) {
    lake.put("counter", b"0").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| count(lake, 10));
        }
    });
    assert_eq!(&lake.get("counter").unwrap().unwrap().0[..], b"40");
}

/// Adds one to `counter` so many times.
pub(crate) fn count(lake: &Lake, times: u32) {
    let mut left = times;
    while left > 0 {
        let (body, tag) = lake.get("counter").unwrap().unwrap();
        let count: u32 = std::str::from_utf8(&body).unwrap().parse().unwrap();
        let next = (count + 1).to_string();
        left -= u32::from(lake.put_if("counter", &tag, next.into()).unwrap() != SwapOutcome::Lost);
    }
}

fn names_may_be_odd(lake: &Lake) {
    let long = "x".repeat(200);
    let names = [
        "ü ö/日本",
        "a b+c%2F&d=e",
        "x#y;z",
        "UPPER/lower",
        "%",
        "a..b/c",
        &long,
    ];
    for name in names {
        lake.put(&format!("odd/{name}"), name.as_bytes()).unwrap();
    }
    let mut found = Vec::new();
    lake.list("odd/", |object| found.push(object.key)).unwrap();
    let mut expected = names.map(|name| format!("odd/{name}"));
    expected.sort_unstable();
    assert_eq!(found, expected);
    for name in names {
        let (body, _) = lake.get(&format!("odd/{name}")).unwrap().unwrap();
        assert_eq!(body, name.as_bytes());
    }
}

/// More than a page of S3 holds.
fn listings_are_whole_and_in_order(lake: &Lake) {
    let count = 1_100;
    std::thread::scope(|scope| {
        for thread in 0..10 {
            scope.spawn(move || {
                for number in (thread..count).step_by(10) {
                    let folder = number % 3;
                    let body = vec![b'.'; number % 7];
                    lake.put(&format!("many/{folder}/{number:05}"), &body)
                        .unwrap();
                }
            });
        }
    });
    let list = |prefix: &str| {
        let mut found = Vec::new();
        lake.list(prefix, |object| {
            let number: usize = object.key.rsplit('/').next().unwrap().parse().unwrap();
            assert_eq!(object.bytes, (number % 7) as u64);
            found.push(object.key);
        })
        .unwrap();
        assert!(found.is_sorted() && found.iter().all(|key| key.starts_with(prefix)));
        found.len()
    };
    assert_eq!(list("many/"), count);
    assert_eq!(list("many/2/"), count / 3);
    assert_eq!(list("many/none/"), 0);
    // A prefix is whole parts of names: `man` is none.
    assert!(lake.list("man", |_| {}).is_err());
}

fn large_objects_are_whole(lake: &Lake) {
    for bytes in [(8 << 20) - 1, 8 << 20, (20 << 20) + 5] {
        let body: Vec<u8> = (0..bytes as u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        lake.put_from("large", &mut &body[..]).unwrap();
        let (found, _) = lake.get("large").unwrap().unwrap();
        assert!(found == body, "{bytes} bytes came back as others");
    }
    let mut failing = Failing(10 << 20);
    assert!(lake.put_from("broken", &mut failing).is_err());
    assert_eq!(lake.get("broken").unwrap(), None);
}

/// Reads so many bytes, and then fails.
struct Failing(usize);

impl std::io::Read for Failing {
    fn read(&mut self, part: &mut [u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::Error::other("broken"));
        }
        let read = part.len().min(self.0);
        self.0 -= read;
        Ok(read)
    }
}

fn claims_grow_and_are_lost_and_found(lake: &Lake) {
    let claims = Claims::new(lake);
    assert!(claims.partitions().unwrap().is_empty());
    let progress = |offset| ClaimProgress {
        offset,
        version: "1.2.3".to_owned(),
        ..ClaimProgress::default()
    };
    let mut first = claims.claim(7, "worker/a", 1_000).unwrap();
    assert_eq!((first.partition(), first.epoch()), (7, 1));
    assert_eq!(first.renew(progress(5), 2_000).unwrap(), Renewed::StillOurs);
    // The same name is not the same claim: a worker that was started anew takes it from the one before.
    let mut second = claims.claim(7, "worker/a", 3_000).unwrap();
    assert_eq!(second.epoch(), 2);
    let lost = Renewed::LostTo {
        owner: Some("worker/a".to_owned()),
        epoch: 2,
    };
    assert_eq!(first.renew(progress(6), 4_000).unwrap(), lost);
    assert_eq!(
        second.renew(progress(9), 5_000).unwrap(),
        Renewed::StillOurs
    );
    let seen = claims.partitions().unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].epoch, seen[0].at, &seen[0].progress),
        (2, 5_000, &progress(9))
    );
    // What the zombie gives back is no longer its own.
    first.release(6_000).unwrap();
    assert_eq!(claims.partitions().unwrap(), seen);
    second.release(7_000).unwrap();
    assert_eq!(claims.partitions().unwrap()[0].owner, None);

    let epochs: Vec<u64> = std::thread::scope(|scope| {
        let claim = |n| claims.claim(7, &format!("racer {n}"), n).unwrap().epoch();
        let racing: Vec<_> = (0..6).map(|n| scope.spawn(move || claim(n))).collect();
        racing
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .collect()
    });
    let mut sorted = epochs.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [3, 4, 5, 6, 7, 8], "each has its own: {epochs:?}");

    let worker = |name: &str, at| WorkerHeartbeat {
        name: name.to_owned(),
        at,
        ..WorkerHeartbeat::default()
    };
    for (name, at) in [("b", 1), ("a/x", 2), ("b", 3)] {
        claims.heartbeat(&worker(name, at)).unwrap();
    }
    assert_eq!(
        claims.workers().unwrap(),
        [worker("a/x", 2), worker("b", 3)]
    );
    claims.forget("b").unwrap();
    assert_eq!(claims.workers().unwrap().len(), 1);
}
