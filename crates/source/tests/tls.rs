//! Encrypted sources, against certificates of an authority that openssl makes for the test.
//!
//! Whom to trust is said in the environment, so the source runs in a process of its own: this test again.

#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use headcount_source::{AnySource, Resume, SourceItem, shutdown, sink, status};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::{TempDir, tempdir};
use tokio_tungstenite::tungstenite::{self, Message};

const RECORD: &str = "{\"rsvp_id\":1}";

/// Names the address to the process that reads it.
const ADDRESS: &str = "HEADCOUNT_TEST_TLS_ADDRESS";

#[test]
fn a_certificate_of_a_trusted_authority_is_accepted_and_no_other() {
    let authority = Authority::new("ours");
    let good = serve(&authority, "localhost");
    let of_another_host = serve(&authority, "elsewhere.example");
    let of_nobody = serve(&Authority::new("nobody"), "localhost");
    for scheme in ["https", "wss"] {
        let read = |port: u16| authority.read(&format!("{scheme}://localhost:{port}/2/rsvps"));
        assert_eq!(read(good), format!("record {RECORD}"));
        let refused = read(of_another_host);
        assert!(
            refused.contains("certificate is for another name")
                && refused.contains("elsewhere.example"),
            "{refused}"
        );
        let refused = read(of_nobody);
        assert!(
            refused.contains("does not trust the issuer") && refused.contains("SSL_CERT_FILE"),
            "{refused}"
        );
    }
}

/// Not a test by itself: what the other one runs, where only its authority is trusted.
#[tokio::test]
async fn read_one_record() {
    let Ok(address) = std::env::var(ADDRESS) else {
        return;
    };
    let (sink, mut inbox) = sink::channel(sink::SinkLimits::default());
    let (report, mut status) = status::status(&address);
    let (_trigger, shutdown) = shutdown::shutdown();
    let source = AnySource::new(address.parse().unwrap());
    tokio::spawn(source.run(sink, Resume::fresh(), report, shutdown));
    let outcome = tokio::time::timeout(Duration::from_secs(20), async {
        tokio::select! {
            delivery = inbox.next() => match &delivery.unwrap().batch.items[0] {
                SourceItem::Message(message) => format!("record {}", message.bytes.escape_ascii()),
                SourceItem::Gap(gap) => gap.cause.clone(),
            },
            status = status.wait_for(|status| status.error.is_some()) => {
                status.unwrap().error.clone().unwrap()
            }
        }
    });
    println!("outcome: {}", outcome.await.unwrap().replace("\\\"", "\""));
}

/// Somebody who vouches for servers.
struct Authority {
    folder: TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let authority = Authority {
            folder: tempdir().unwrap(),
        };
        authority.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} \
             -keyout ca.key -out ca.pem"
        ));
        authority
    }

    /// A certificate for a host, with its key.
    fn vouch(&self, host: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let names = format!("subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n");
        std::fs::write(self.path().join("names"), names).unwrap();
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={host} -keyout key.pem -out asked.pem"
        ));
        self.openssl(
            "x509 -req -in asked.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem",
        );
        (
            CertificateDer::from_pem_file(self.path().join("cert.pem")).unwrap(),
            PrivateKeyDer::from_pem_file(self.path().join("key.pem")).unwrap(),
        )
    }

    /// What comes of reading an address where nobody but this authority is trusted.
    fn read(&self, address: &str) -> String {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "read_one_record", "--nocapture"])
            .env(ADDRESS, address)
            .env("SSL_CERT_FILE", self.path().join("ca.pem"))
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        let outcome = said
            .split("outcome: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        outcome
            .unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&child.stderr)))
            .to_owned()
    }

    fn openssl(&self, arguments: &str) {
        let done = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .output()
            .expect("openssl is installed");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A server that gives one record to whoever trusts it, over HTTP or WebSocket; its port.
fn serve(authority: &Authority, host: &str) -> u16 {
    let (certificate, key) = authority.vouch(host);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let stream = StreamOwned::new(connection, stream.unwrap());
            // Who does not trust it goes away, which is an error here and nothing else.
            thread::spawn(move || give_record(stream));
        }
    });
    port
}

fn give_record(mut stream: StreamOwned<ServerConnection, std::net::TcpStream>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    if head
        .windows(10)
        .any(|part| part.eq_ignore_ascii_case(b"websocket\r"))
    {
        let both = Rewound {
            head,
            at: 0,
            stream,
        };
        let Ok(mut socket) = tungstenite::accept(both) else {
            return;
        };
        let _ = socket.send(Message::text(RECORD));
        let _ = socket.read();
    } else {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{RECORD}\n");
        let _ = stream.write_all(answer.as_bytes());
        let _ = stream.flush();
        let _ = stream.read(&mut byte);
    }
}

/// A connection whose head was looked at.
struct Rewound<S> {
    head: Vec<u8>,
    at: usize,
    stream: S,
}

impl<S: std::io::Read> std::io::Read for Rewound<S> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.head.len() {
            return self.stream.read(buffer);
        }
        let read = (&self.head[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

impl<S: std::io::Write> std::io::Write for Rewound<S> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}
