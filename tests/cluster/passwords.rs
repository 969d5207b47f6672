//! Cassandra with passwords and TLS, prepared as docs/scale-out.md says.

use std::fs;

use headcount_test_servers::Cassandra;

use crate::{
    harness::{Cluster, turn, undamaged},
    support::*,
};

/// The statements of the guide.
fn statements() -> Vec<String> {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scale-out.md");
    let text = fs::read_to_string(guide).unwrap();
    let (_, block) = text.split_once("```sql step\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let statements = block.split(';').map(str::trim);
    let statements = statements.filter(|statement| !statement.is_empty());
    // There is only one node here.
    statements
        .map(|statement| statement.replace("'datacenter1': 3", "'datacenter1': 1"))
        .collect()
}

#[test]
fn a_role_of_its_own_with_a_password_over_tls_is_enough() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "2017-05-07.ndjson");
    let cassandra = Cassandra::with_password_and_tls();
    for statement in statements() {
        cassandra.execute(&statement);
    }
    let files = undamaged(&data);
    let source = format!("file:{}", files[2].display());
    let cluster = Cluster::on_disk(2).served_securely_by(&cassandra, "headcount", "choose one");
    let process = cluster.start("one", &[], &[source]);
    wait_until("it is ready", || process.is_ready());
    cluster.wait_for_golden(&right, &[]);
    process.stop();

    // The same with another password is refused, and the password is not repeated.
    let wrong = Cluster::on_disk(2).served_securely_by(&cassandra, "headcount", "a wrong one");
    let said = wrong.summary_said();
    assert!(said.contains("user and password"), "{said}");
    assert!(!said.contains("a wrong one"), "{said}");
}
