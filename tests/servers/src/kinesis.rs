//! A server of Kinesis's protocol: kinesalite.
//!
//! It has no throttling and no enhanced fan-out; sequence numbers, shards that split and merge, and iterators are as
//! Kinesis has them. It wants a signature and does not check it.

use std::sync::OnceLock;

use crate::{
    folder::Folder,
    http, port,
    process::{Process, Recipe, controls},
};

/// A running Kinesis server without streams.
pub struct Kinesis {
    process: Process,
    port: u16,
}

controls!(Kinesis);

impl Kinesis {
    /// Starts one.
    pub fn start() -> Self {
        let folder = Folder::new("kinesis");
        let port = port::free();
        let recipe = Recipe {
            script: "kinesis",
            arguments: vec![folder.path().display().to_string(), port.to_string()],
            environment: Vec::new(),
            ready: Box::new(move || streams(port)),
        };
        let process = Process::spawn(folder, recipe);
        process.wait();
        Self { process, port }
    }

    /// One server for all tests of this binary. Use streams of your own, and do not stop it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Kinesis> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// `http://127.0.0.1:21873`
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// Asks for the list of streams.
fn streams(port: u16) -> Result<(), String> {
    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=x/20150101/us-east-1/kinesis/aws4_request, \
                          SignedHeaders=host, Signature=0";
    let headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("X-Amz-Target", "Kinesis_20131202.ListStreams"),
        ("X-Amz-Date", "20150101T000000Z"),
        ("Authorization", SIGNED),
    ];
    match http::request(port, "POST /", &headers, "{}")? {
        (200, _) => Ok(()),
        (status, said) => Err(format!("it answers {status}: {said}")),
    }
}
