//! Running out of descriptors does not end the server.

use std::process::Command;

use crate::{client::Connection, world::World};

const FLAG: &str = "HEADCOUNT_TEST_FEW_DESCRIPTORS";

/// Runs this test again in a process that may open 48 files.
#[tokio::test]
async fn too_many_open_files_is_of_the_moment() {
    if std::env::var_os(FLAG).is_some() {
        return run_out_and_recover().await;
    }
    let name = "accept::too_many_open_files_is_of_the_moment";
    let ended = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -n 48; exec \"$0\" --exact {name} --nocapture"),
        ])
        .arg(std::env::current_exe().unwrap())
        .env(FLAG, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

async fn run_out_and_recover() {
    let world = World::new().await;
    let mut open = Vec::new();
    // Each connection takes a descriptor here and one in the server, which is in this process too.
    while let Ok(stream) = tokio::net::TcpStream::connect(world.address).await {
        open.push(stream);
    }
    assert!(open.len() > 10, "{}", open.len());
    open.clear();
    let mut connection = Connection::open(world.address).await;
    assert_eq!(connection.get("/healthz").await.status, 200);
}
