//! A server that is killed, paused, cut off, slow, or picky about who asks.

use std::time::Duration;

use headcount_engine::{Changes, Delta, Row, SnapshotComplete, Table};
use headcount_serving::{Error, ReplicaEvent, Serving, ServingAddress, follow};
use headcount_test_servers::{Cassandra, Toxiproxy};
use tokio::{sync::watch, time::timeout};

use crate::{
    suite::IDENTITY,
    wait::{LIMIT, next_event},
};

fn commit(offset: u64) -> Changes {
    let row = |number: u64| Row {
        table: Table::Events,
        number: u32::try_from(number).unwrap(),
        body: vec![7; 200],
    };
    Changes {
        offset,
        rows: (offset.saturating_sub(20)..offset).map(row).collect(),
        snapshot_complete: Some(SnapshotComplete {
            offset,
            meta: offset.to_le_bytes().to_vec(),
            covered_by_delta: true,
        }),
        ..Changes::default()
    }
}

fn delta(to: &Changes) -> Delta {
    Delta {
        previous: to.offset - 1,
        offset: to.offset,
        rows: to.rows.clone(),
        meta: to.offset.to_le_bytes().to_vec(),
    }
}

/// A delta and the tables, again and again until both are taken.
async fn write(serving: &Serving, offset: u64) {
    let changes = commit(offset);
    let delta = delta(&changes);
    while let Err(error) = serving.write_delta(0, &delta, b"[]").await {
        assert!(error.is_retryable(), "{error}");
    }
    while let Err(error) = serving.write(0, &changes).await {
        assert!(error.is_retryable(), "{error}");
    }
}

/// Writes commit after commit, and each until it is taken, as a process does that counts.
async fn write_on(serving: Serving, done: watch::Sender<u64>) {
    for offset in 1.. {
        write(&serving, offset).await;
        if done.send(offset).is_err() {
            return;
        }
    }
}

async fn reaches(done: &mut watch::Receiver<u64>, offset: u64) {
    let reached = done.wait_for(|at| *at >= offset);
    timeout(2 * LIMIT, reached).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_or_hangs_is_waited_for() {
    let server = Cassandra::start();
    let address: ServingAddress = format!("cassandra://{}/served", server.contact())
        .parse()
        .unwrap();
    let serving = Serving::open(&address, IDENTITY).await.unwrap();
    let (done, mut reached) = watch::channel(0);
    let writer = tokio::spawn(write_on(serving, done));
    reaches(&mut reached, 20).await;
    let reader = Serving::open_to_read(&address).await.unwrap();
    let mut events = follow(reader.clone(), Duration::from_millis(20));
    next_event(&mut events, |event| {
        matches!(event, ReplicaEvent::Commit { .. })
    })
    .await;

    for fault in ["killed", "paused"] {
        match fault {
            "killed" => server.kill(),
            _ => server.pause(),
        }
        next_event(&mut events, |event| {
            matches!(event, ReplicaEvent::Stale { .. })
        })
        .await;
        let before = *reached.borrow();
        let error = reader.latest().await.unwrap_err();
        assert!(error.is_retryable(), "{error}");
        match fault {
            "killed" => server.restart(),
            _ => server.resume(),
        }
        reaches(&mut reached, before + 20).await;
        next_event(&mut events, |event| matches!(event, ReplicaEvent::Fresh)).await;
        let later = |event: &ReplicaEvent| matches!(event, ReplicaEvent::Commit { offset, .. } if *offset > before);
        next_event(&mut events, later).await;
    }

    drop(reached);
    timeout(LIMIT, writer).await.unwrap().unwrap();
    let (_, offset, meta) = reader.latest().await.unwrap().remove(0);
    assert_eq!(meta, offset.to_le_bytes());
    let mut rows = 0;
    for page in 0.. {
        match reader.rows(0, Table::Events, page).await.unwrap().len() {
            0 => break,
            more => rows += more as u64,
        }
    }
    assert_eq!(rows, offset);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_slow_or_cut_is_waited_for() {
    let server = Cassandra::shared();
    let proxies = Toxiproxy::start();
    let proxy = proxies.proxy(&server.contact());
    let address: ServingAddress = format!("cassandra://{}/behind_proxy", proxy.listen())
        .parse()
        .unwrap();
    let serving = Serving::open(&address, IDENTITY).await.unwrap();
    proxy.latency(50);
    for offset in 1..4 {
        write(&serving, offset).await;
    }
    proxy.cut();
    let (done, mut reached) = watch::channel(0);
    let writer = tokio::spawn(write_on(serving, done));
    proxy.restore();
    reaches(&mut reached, 5).await;
    drop(reached);
    timeout(LIMIT, writer).await.unwrap().unwrap();
}

#[tokio::test]
async fn password_and_tls_are_asked_for() {
    let server = Cassandra::with_password_and_tls();
    let (contact, ca) = (server.contact(), server.ca());
    let (user, password) = (server.user(), server.password());
    let ca = ca.display();
    let open = async |login: &str, options: &str| {
        let address = format!("cassandra://{login}{contact}/served{options}");
        Serving::open(&address.parse().unwrap(), IDENTITY).await
    };
    let login = format!("{user}:{password}@");
    let serving = open(&login, &format!("?tls=true&ca={ca}")).await.unwrap();
    write(&serving, 1).await;
    assert_eq!(serving.latest().await.unwrap().len(), 1);

    // Its certificate is for the address and for localhost.
    let by_name = open(&login, &format!("?ca={ca}&name=localhost")).await;
    assert!(by_name.is_ok());
    let another = open(&login, &format!("?ca={ca}&name=another")).await;
    let error = another.err().unwrap();
    assert!(matches!(error, Error::Refused { .. }), "{error}");

    for wrong in [String::new(), format!("{user}:wrong@")] {
        let error = open(&wrong, &format!("?ca={ca}")).await.err().unwrap();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert!(error.to_string().contains("user and password"), "{error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    let error = open(&login, "?ca=/etc/hostname").await.err().unwrap();
    assert!(error.to_string().contains("/etc/hostname"), "{error}");
    let system = "?ca=/etc/ssl/certs/ca-certificates.crt";
    let error = open(&login, system).await.err().unwrap();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}
