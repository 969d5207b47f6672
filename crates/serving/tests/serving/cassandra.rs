//! The suite on Cassandra, and how a keyspace is found, made, shared and refused.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use headcount_engine::Partition;
use headcount_serving::{Error, Serving, ServingAddress, ServingIdentity};
use headcount_test_servers::Cassandra;
use scylla::client::{session::Session, session_builder::SessionBuilder};

use crate::suite::{self, IDENTITY};

/// In a keyspace that nobody else uses, of the server that all tests share.
pub(crate) fn fresh() -> ServingAddress {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let contact = Cassandra::shared().contact();
    format!("cassandra://{contact}/served_{number}")
        .parse()
        .unwrap()
}

pub(crate) async fn session() -> Session {
    SessionBuilder::new()
        .known_node(Cassandra::shared().contact())
        .build()
        .await
        .unwrap()
}

pub(crate) fn keyspace(address: &ServingAddress) -> &str {
    match address {
        ServingAddress::Cassandra(address) => address.keyspace(),
        ServingAddress::Memory => panic!("memory has no keyspace"),
    }
}

#[tokio::test]
async fn suite() {
    suite::all(|| async { Serving::open(&fresh(), IDENTITY).await.unwrap() }).await;
}

#[tokio::test]
async fn several_make_the_tables_at_once() {
    let address = fresh();
    let all = join_all((0..4).map(|_| Serving::open(&address, IDENTITY))).await;
    for (partition, serving) in (0..3).zip(all) {
        let changes = Partition::new().take_changes();
        serving.unwrap().write(partition, &changes).await.unwrap();
    }
    let reader = Serving::open_to_read(&address).await.unwrap();
    assert_eq!(reader.identity(), IDENTITY);
    assert_eq!(reader.latest().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_keyspace_that_is_there_is_used_as_it_is() {
    let address = fresh();
    let replication = "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}";
    let make = format!(
        "CREATE KEYSPACE {} WITH replication = {replication} AND durable_writes = false",
        keyspace(&address)
    );
    session().await.query_unpaged(make, ()).await.unwrap();
    Serving::open(&address, IDENTITY).await.unwrap();
    let known = "SELECT durable_writes FROM system_schema.keyspaces WHERE keyspace_name = ?";
    let answer = session()
        .await
        .query_unpaged(known, (keyspace(&address),))
        .await
        .unwrap();
    let (durable,) = answer
        .into_rows_result()
        .unwrap()
        .single_row::<(bool,)>()
        .unwrap();
    assert!(!durable);
}

#[tokio::test]
async fn another_journal_is_refused_with_a_remedy() {
    let address = fresh();
    Serving::open(&address, IDENTITY).await.unwrap();
    let others = [
        ServingIdentity {
            journal: 1,
            ..IDENTITY
        },
        ServingIdentity {
            partitions: 8,
            ..IDENTITY
        },
    ];
    for other in others {
        let error = Serving::open(&address, other).await.err().unwrap();
        assert!(matches!(error, Error::OtherJournal { .. }), "{error}");
        let drop = format!("DROP KEYSPACE {}", keyspace(&address));
        assert!(error.to_string().contains(&drop), "{error}");
        assert!(!error.is_retryable());
    }
    Serving::open(&address, IDENTITY).await.unwrap();
}

/// What is served can be made again, so nobody reads tables whose columns he does not know.
#[tokio::test]
async fn tables_of_another_version_are_refused() {
    for other in [4, 6] {
        let address = fresh();
        Serving::open(&address, IDENTITY).await.unwrap();
        let update = format!(
            "UPDATE {}.headcount_schema SET version = {other} WHERE name = 'served' IF version = 5",
            keyspace(&address)
        );
        session().await.query_unpaged(update, ()).await.unwrap();
        for opened in [
            Serving::open(&address, IDENTITY).await,
            Serving::open_to_read(&address).await,
        ] {
            let error = opened.err().unwrap();
            assert!(
                matches!(error, Error::Version { found, known: 5, .. } if found == other),
                "{error}"
            );
            assert!(!error.is_retryable());
        }
    }
}

#[tokio::test]
async fn tables_half_made_are_made_whole() {
    let address = fresh();
    Serving::open(&address, IDENTITY).await.unwrap();
    let session = session().await;
    for damage in [
        "UPDATE KS.headcount_schema SET version = 0 WHERE name = 'served' IF version = 5",
        "DROP TABLE KS.meetup_table",
    ] {
        let damage = damage.replace("KS", keyspace(&address));
        session.query_unpaged(damage, ()).await.unwrap();
    }
    let error = Serving::open_to_read(&address).await.err().unwrap();
    assert!(error.is_retryable(), "{error}");
    let serving = Serving::open(&address, IDENTITY).await.unwrap();
    assert_eq!(serving.venue_statistics().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_to_read_is_asked_for_again() {
    let error = Serving::open_to_read(&fresh()).await.err().unwrap();
    assert!(error.is_retryable(), "{error}");
}
