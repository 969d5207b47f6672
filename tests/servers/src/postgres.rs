//! PostgreSQL, of the distribution's packages.

use std::{
    io::{Read, Write},
    path::PathBuf,
    sync::OnceLock,
};

use crate::{
    folder::Folder,
    port,
    process::{self, Process, Recipe, controls},
};

const PASSWORD: &str = "correct horse";

/// The request for TLS, which a server answers with one letter before anything else: its length, and a number.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A running PostgreSQL with an empty database `headcount` that belongs to a user of the same name.
///
/// [`Postgres::pause`] stops only the process that takes connections in; those that are there go on.
pub struct Postgres {
    process: Process,
    port: u16,
}

controls!(Postgres);

impl Postgres {
    /// A server that lets everybody in.
    pub fn start() -> Self {
        Self::run(&[], &[])
    }

    /// A server with settings of its own, `max_connections=5` each.
    pub fn with_settings(settings: &[&str]) -> Self {
        Self::run(settings, &[])
    }

    /// A server that asks for a password and speaks TLS only, with a certificate for `localhost` by the authority of
    /// [`Postgres::ca`].
    pub fn with_password_and_tls() -> Self {
        Self::run(&[], &[("PASSWORD", PASSWORD), ("TLS", "1")])
    }

    /// One server for all tests of this binary. Use a schema of your own, and do not stop it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::run(&["max_connections=200"], &[]))
    }

    /// `127.0.0.1:21873`
    pub fn contact(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its port, for clients that must call it `localhost`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user who may do everything, and the database.
    pub fn user(&self) -> &'static str {
        "headcount"
    }

    /// The password of [`Postgres::user`].
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The file, in PEM, of the authority that signed the certificate of a server with TLS.
    pub fn ca(&self) -> PathBuf {
        self.process.folder().join("tls/ca.pem")
    }

    fn run(settings: &[&str], environment: &[(&'static str, &str)]) -> Self {
        let folder = Folder::new("postgres");
        let port = port::free();
        let own = [folder.path().display().to_string(), port.to_string()];
        let settings = settings.iter().map(|&setting| setting.to_owned());
        let environment = environment
            .iter()
            .map(|&(key, value)| (key, value.to_owned()));
        let recipe = Recipe {
            script: "postgres",
            arguments: own.into_iter().chain(settings).collect(),
            environment: environment.collect(),
            ready: Box::new(move || ask(port)),
        };
        let process = Process::spawn(folder, recipe);
        process.wait();
        Self { process, port }
    }
}

/// Begins a session as nobody in particular: a server that still recovers says so with 57P03, and any other answer to
/// a login is that of a server that serves.
fn ask(port: u16) -> Result<(), String> {
    let mut stream = process::connect(port)?;
    let failed = |error: std::io::Error| format!("begin a session: {error}");
    stream.write_all(&SSL_REQUEST).map_err(failed)?;
    let mut letter = [0];
    stream.read_exact(&mut letter).map_err(failed)?;
    // With TLS the answer to a login would be encrypted: that a child was started for it must do.
    if letter == *b"S" {
        return Ok(());
    }
    let login = b"\0\x03\0\0user\0headcount\0database\0headcount\0\0";
    let length = u32::try_from(login.len() + 4).expect("a login is short");
    let message = [&length.to_be_bytes()[..], login].concat();
    stream.write_all(&message).map_err(failed)?;
    let mut answer = Vec::new();
    let mut part = [0; 1024];
    while answer.len() < 5 || (answer[0] == b'E' && !answer.ends_with(b"\0\0")) {
        match stream.read(&mut part).map_err(failed)? {
            0 => break,
            count => answer.extend_from_slice(&part[..count]),
        }
    }
    match answer.first() {
        Some(b'R') => Ok(()),
        _ => Err(format!("it says {}", String::from_utf8_lossy(&answer))),
    }
}
