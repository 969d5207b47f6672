//! Who the server is, and who we are.

use std::time::Duration;

use headcount_batch::postgres::{Error, PostgresAddress, PostgresLimits, PostgresSink};
use headcount_test_servers::Postgres;

use crate::server::{JOURNAL, limits};

async fn open(address: &str, password: Option<&str>) -> Result<(), Error> {
    let address = PostgresAddress::with_password(address, password.map(str::to_owned)).unwrap();
    PostgresSink::open_within(&address, JOURNAL, 1, limits())
        .await
        .map(drop)
}

#[tokio::test]
async fn the_server_is_verified_and_the_password_is_not_shown() {
    let server = Postgres::with_password_and_tls();
    let (port, ca) = (server.port(), server.ca());
    let ca = ca.display();
    let address = format!("postgres://headcount@localhost:{port}/headcount?sslrootcert={ca}");
    let password = server.password();
    open(&address, Some(password)).await.unwrap();

    let wrong = open(&address, Some("correct house"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        wrong.contains("28P01") && !wrong.contains("house"),
        "{wrong}"
    );
    let none = open(&address, None).await.unwrap_err().to_string();
    assert!(
        none.contains("put the password into HEADCOUNT_POSTGRES_PASSWORD"),
        "{none}"
    );

    // Another name than that in the certificate; an authority that did not sign it; no encryption.
    for (changed, expected) in [
        (
            address.replace("localhost", "127.0.0.1"),
            "sslrootcert=FILE",
        ),
        (
            address.replace(&format!("sslrootcert={ca}"), "sslmode=verify-full"),
            "sslrootcert=FILE",
        ),
        (
            address.replace(&format!("sslrootcert={ca}"), "sslmode=disable"),
            "28000",
        ),
        (
            address.replace("ca.pem", "none.pem"),
            "does not hold certificates",
        ),
    ] {
        let error = open(&changed, Some(password))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(expected) && !error.contains(password),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("postgres://{}/x", listener.local_addr().unwrap());
    let address: PostgresAddress = place.replace("//", "//me@").parse().unwrap();
    let open = Duration::from_millis(200);
    // It takes connections and says nothing; and then there is nobody.
    let limits = PostgresLimits {
        connect: open / 2,
        open,
        ..limits()
    };
    let silent = PostgresSink::open_within(&address, JOURNAL, 1, limits)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(silent.contains("no answer within 0.1 s"), "{silent}");
    drop(listener);
    let gone = PostgresSink::open_within(&address, JOURNAL, 1, limits)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        gone.starts_with(&place) && gone.contains("see that PostgreSQL runs there"),
        "{gone}"
    );
}
