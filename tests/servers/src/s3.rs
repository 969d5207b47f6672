//! An S3 server with real signatures and atomic conditional writes: versitygw.

use std::{fs, sync::OnceLock};

use crate::{
    folder::Folder,
    http, port,
    process::{Process, Recipe, controls},
};

const BUCKET: &str = "headcount-test";
const ACCESS_KEY: &str = "test-access-key";
const SECRET_KEY: &str = "test-secret-key";

/// A running S3 server with one empty bucket.
pub struct S3 {
    process: Process,
    port: u16,
}

controls!(S3);

impl S3 {
    /// Starts one.
    pub fn start() -> Self {
        let folder = Folder::new("s3");
        // A bucket of this server is a folder.
        fs::create_dir_all(folder.path().join("data").join(BUCKET)).expect("make the bucket");
        let port = port::free();
        let recipe = Recipe {
            script: "s3",
            arguments: vec![folder.path().display().to_string(), port.to_string()],
            environment: vec![
                ("ROOT_ACCESS_KEY", ACCESS_KEY.to_owned()),
                ("ROOT_SECRET_KEY", SECRET_KEY.to_owned()),
            ],
            ready: Box::new(move || match http::request(port, "GET /health", &[], "")? {
                (200, _) => Ok(()),
                (status, _) => Err(format!("its health is {status}")),
            }),
        };
        let process = Process::spawn(folder, recipe);
        process.wait();
        Self { process, port }
    }

    /// One server for all tests of this binary. Use a prefix of your own, and do not stop it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<S3> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// `http://127.0.0.1:21873`; buckets are addressed by path.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The bucket that is there.
    pub fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// The id of the one key that may do everything.
    pub fn access_key(&self) -> &'static str {
        ACCESS_KEY
    }

    /// Its secret.
    pub fn secret_key(&self) -> &'static str {
        SECRET_KEY
    }

    /// The region that signatures are for.
    pub fn region(&self) -> &'static str {
        "us-east-1"
    }
}
