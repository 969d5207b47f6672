//! Cassandra keeps rows, and lets in whom it should.

use super::*;

fn login(node: &Cassandra, ca: Option<PathBuf>, password: &'static str) -> Login {
    Login {
        port: node.login.port,
        ca,
        password,
    }
}

#[test]
fn rows_outlive_the_node() {
    let node = Cassandra::start();
    let login = login(&node, None, PASSWORD);
    for statement in [
        "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE k.t (id int PRIMARY KEY, name text)",
        "INSERT INTO k.t (id, name) VALUES (1, 'headcount')",
    ] {
        cql::ask(&login, statement).unwrap();
    }
    let kept = || {
        let answer = cql::ask(&login, "SELECT name FROM k.t").unwrap();
        answer.windows(9).any(|bytes| bytes == b"headcount")
    };
    assert!(kept());
    node.kill();
    assert!(cql::ask(&login, QUESTION).is_err());
    node.restart();
    assert!(kept());
    node.pause();
    node.resume();
    assert!(kept());
}

#[test]
fn a_node_with_password_and_tls_lets_in_who_has_both() {
    let node = Cassandra::with_password_and_tls();
    let ca = Some(node.ca());
    assert!(cql::ask(&login(&node, ca.clone(), PASSWORD), QUESTION).is_ok());
    let refused = cql::ask(&login(&node, ca, "guess"), QUESTION).unwrap_err();
    assert!(refused.contains("Provided username cassandra"), "{refused}");
    assert!(cql::ask(&login(&node, None, PASSWORD), QUESTION).is_err());
}

#[test]
fn a_node_is_known_by_its_authority_alone() {
    let node = Cassandra::with_tls();
    let another = Cassandra::with_tls();
    let login = login(&node, Some(another.ca()), PASSWORD);
    assert!(cql::ask(&login, QUESTION).is_err());
}
