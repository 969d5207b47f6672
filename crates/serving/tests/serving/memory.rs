//! The suite on the store in memory.

use headcount_serving::Serving;

use crate::suite::{self, IDENTITY};

async fn open() -> Serving {
    let address = "memory:".parse().unwrap();
    Serving::open(&address, IDENTITY).await.unwrap()
}

#[tokio::test]
async fn suite() {
    suite::all(open).await;
}

#[tokio::test]
async fn nobody_else_sees_memory() {
    let address = "memory:".parse().unwrap();
    let error = Serving::open_to_read(&address).await.err().unwrap();
    assert!(!error.is_retryable(), "{error}");
}

#[cfg(not(feature = "cassandra"))]
#[tokio::test]
async fn what_is_not_built_in_says_how_to_build_it() {
    let address = "cassandra://localhost/served".parse().unwrap();
    let error = Serving::open(&address, IDENTITY).await.err().unwrap();
    assert!(error.to_string().contains("--features cluster"), "{error}");
}
