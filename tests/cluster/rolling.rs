//! Every process is replaced by a new one while records come in, and whoever looks at the page sees the figures go on.

use std::time::Duration;

use headcount_test_servers::{Cassandra, Kafka};

use crate::{
    harness::{Cluster, turn},
    support::*,
    viewer::Viewer,
};

/// Records that must be shown on top before the next process is replaced.
const MORE: u64 = 200;

/// What whoever looks at the page would call a gap, in processes that are not optimised and share two cores with all
/// servers. Records come a hundred times a second.
const GAP: Duration = Duration::from_secs(10);

/// Nobody who had the page open saw the figures stand still.
#[track_caller]
fn no_gap(viewer: &Viewer) {
    let longest = viewer.longest_wait();
    assert!(longest < GAP, "nothing changed for {longest:?}");
}

/// Waits until more records are shown. Figures are there all the time, and never go back.
#[track_caller]
fn goes_on(serve: &Process, shown: &mut u64) {
    let goal = *shown + MORE;
    wait_until("more records are shown", || {
        let now = serve.summary()["records"].as_u64().unwrap();
        assert!(now >= *shown, "{now} records after {shown}");
        *shown = now;
        now >= goal
    });
}

#[test]
fn a_rolling_restart_leaves_no_gap() {
    let _turn = turn();
    let cassandra = Cassandra::shared();
    let cluster = Cluster::new(Kafka::shared(), 4).served_by(cassandra);
    let source = ["sim:?rate=100&seed=7".to_owned()];
    let ingest = cluster.start("ingest", &["ingest"], &source);
    let mut workers = vec![cluster.worker("a"), cluster.worker("b")];
    let mut serve = cluster.start("show-1", &["serve"], &[]);
    wait_until("the server is ready", || serve.is_ready());
    let mut shown = 0;
    goes_on(&serve, &mut shown);
    let viewer = Viewer::of(&serve);

    for name in ["a", "b"] {
        workers.remove(0).stop();
        goes_on(&serve, &mut shown);
        workers.push(cluster.worker(name));
        goes_on(&serve, &mut shown);
    }
    no_gap(&viewer);
    drop(viewer);
    // The new one is asked only when it is ready, as a load balancer does.
    let next = cluster.start("show-2", &["serve"], &[]);
    wait_until("the next server is ready", || next.is_ready());
    std::mem::replace(&mut serve, next).stop();
    goes_on(&serve, &mut shown);
    let viewer = Viewer::of(&serve);
    ingest.stop();
    let ingest = cluster.start("ingest", &["ingest"], &source);
    wait_until("it takes records again", || ingest.is_ready());
    goes_on(&serve, &mut shown);
    no_gap(&viewer);
    assert!(viewer.rsvps() > 0);
    ingest.stop();

    // Somebody else counts the same journal from its beginning.
    let anew = cluster.counted_anew(cassandra);
    let _worker = anew.worker("w");
    wait_until("both tell the same", || {
        let (right, found) = (anew.summary().unwrap_or_default(), serve.summary());
        let members = [
            "records",
            "rsvps",
            "yes",
            "no",
            "heads",
            "events",
            "members",
            "by_country",
        ];
        members.iter().all(|member| right[member] == found[member])
    });
    assert!(serve.summary()["records"].as_u64().unwrap() >= shown);
}
