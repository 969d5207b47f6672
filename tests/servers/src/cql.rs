//! As much of Cassandra's protocol (version 4) as it takes to ask one question.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{process::connect, wait};

const ERROR: u8 = 0x00;
const STARTUP: u8 = 0x01;
const AUTHENTICATE: u8 = 0x03;
const QUERY: u8 = 0x07;
const RESULT: u8 = 0x08;
const AUTH_RESPONSE: u8 = 0x0f;

/// How to reach a node.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) port: u16,
    /// The authority to trust, with TLS.
    pub(crate) ca: Option<PathBuf>,
    /// Of the user `cassandra`, if the node asks who it is.
    pub(crate) password: &'static str,
}

/// Has a node carry out a statement, and returns what it answers, undecoded.
pub(crate) fn ask(login: &Login, statement: &str) -> Result<Vec<u8>, String> {
    match &login.ca {
        None => {
            let stream = connect(login.port)?;
            converse(&stream, &stream, login.password, statement)
        }
        Some(ca) => ask_through_tls(login, ca, statement),
    }
}

/// The same through the program of OpenSSL, which the certificates are made with: TLS is not in the standard library.
fn ask_through_tls(login: &Login, ca: &Path, statement: &str) -> Result<Vec<u8>, String> {
    if !ca.exists() {
        return Err("it has no certificate yet".to_owned());
    }
    let limit = wait::REQUEST.as_secs().to_string();
    let mut client = Command::new("timeout")
        .args([
            &limit,
            "openssl",
            "s_client",
            "-quiet",
            "-verify_return_error",
        ])
        .args(["-connect", &format!("127.0.0.1:{}", login.port), "-CAfile"])
        .arg(ca)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("run openssl: {e}"))?;
    let from = client.stdout.take().ok_or("openssl has no output")?;
    let to = client.stdin.take().ok_or("openssl has no input")?;
    let answer = converse(from, to, login.password, statement);
    client
        .kill()
        .and_then(|()| client.wait())
        .map_err(|e| format!("end openssl: {e}"))?;
    answer
}

fn converse(
    mut from: impl Read,
    mut to: impl Write,
    password: &str,
    statement: &str,
) -> Result<Vec<u8>, String> {
    // A map of one pair of short strings.
    let version = [&[0, 1][..], &short("CQL_VERSION"), &short("3.0.0")].concat();
    if exchange(&mut from, &mut to, STARTUP, &version)?.0 == AUTHENTICATE {
        let password = long(format!("\0cassandra\0{password}").as_bytes());
        exchange(&mut from, &mut to, AUTH_RESPONSE, &password)?;
    }
    // Consistency ONE, no flags.
    let query = [&long(statement.as_bytes())[..], &[0, 1, 0]].concat();
    match exchange(&mut from, &mut to, QUERY, &query)? {
        (RESULT, answer) => Ok(answer),
        (kind, _) => Err(format!("Cassandra answered {kind:#x}, which is no result")),
    }
}

/// Sends a frame and returns the kind of the answer and its body; an error of Cassandra is one here.
fn exchange(
    from: &mut impl Read,
    to: &mut impl Write,
    kind: u8,
    body: &[u8],
) -> Result<(u8, Vec<u8>), String> {
    let failed = |e| format!("speak with Cassandra: {e}");
    let mut frame = vec![4, 0, 0, 0, kind];
    frame.extend(long(body));
    to.write_all(&frame)
        .and_then(|()| to.flush())
        .map_err(failed)?;
    let mut head = [0; 9];
    from.read_exact(&mut head).map_err(failed)?;
    let length = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    let mut answer = Vec::new();
    from.take(u64::from(length))
        .read_to_end(&mut answer)
        .map_err(failed)?;
    match head[4] {
        ERROR => Err(format!(
            "Cassandra says: {}",
            String::from_utf8_lossy(answer.get(6..).unwrap_or_default())
        )),
        kind => Ok((kind, answer)),
    }
}

/// Bytes behind their length in two bytes.
fn short(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short text");
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

/// Bytes behind their length in four bytes.
fn long(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a small frame");
    [&length.to_be_bytes(), bytes].concat()
}
