//! As much of Cassandra's protocol (version 4) as it takes to ask one question.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{process::connect, wait};

const ERROR: u8 = 0x00;
const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const AUTHENTICATE: u8 = 0x03;
const QUERY: u8 = 0x07;
const RESULT: u8 = 0x08;
const AUTH_RESPONSE: u8 = 0x0f;
const AUTH_SUCCESS: u8 = 0x10;

/// How to reach a node.
pub(crate) struct Login {
    pub(crate) port: u16,
    /// The authority to trust, with TLS.
    pub(crate) ca: Option<PathBuf>,
}

/// Has a node answer a query, as `cassandra` with the password `cassandra` if it asks who that is.
pub(crate) fn ask(login: &Login) -> Result<(), String> {
    match &login.ca {
        None => {
            let stream = connect(login.port)?;
            converse(&stream, &stream)
        }
        Some(ca) => ask_through_tls(login.port, ca),
    }
}

/// The same through the program of OpenSSL, which the certificates are made with: TLS is not in the standard library.
fn ask_through_tls(port: u16, ca: &Path) -> Result<(), String> {
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
        .args(["-connect", &format!("127.0.0.1:{port}"), "-CAfile"])
        .arg(ca)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("run openssl: {e}"))?;
    let answer = converse_with(&mut client);
    let ended = client.kill().and_then(|()| client.wait());
    answer.and(ended.map(drop).map_err(|e| format!("end openssl: {e}")))
}

fn converse_with(client: &mut Child) -> Result<(), String> {
    match (client.stdout.take(), client.stdin.take()) {
        (Some(from), Some(to)) => converse(from, to),
        _ => Err("openssl has no streams".to_owned()),
    }
}

fn converse(mut from: impl Read, mut to: impl Write) -> Result<(), String> {
    // A map of one pair of short strings.
    let version = [&[0, 1][..], &short("CQL_VERSION"), &short("3.0.0")].concat();
    match exchange(&mut from, &mut to, STARTUP, &version)? {
        READY => {}
        AUTHENTICATE => {
            let password = long(b"\0cassandra\0cassandra");
            expect(
                exchange(&mut from, &mut to, AUTH_RESPONSE, &password)?,
                AUTH_SUCCESS,
            )?;
        }
        other => expect(other, READY)?,
    }
    let query = long(b"SELECT release_version FROM system.local");
    // Consistency ONE, no flags.
    let query = [&query[..], &[0, 1, 0]].concat();
    expect(exchange(&mut from, &mut to, QUERY, &query)?, RESULT)
}

/// Sends a frame and returns the kind of the answer.
fn exchange(
    from: &mut impl Read,
    to: &mut impl Write,
    kind: u8,
    body: &[u8],
) -> Result<u8, String> {
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
        kind => Ok(kind),
    }
}

fn expect(kind: u8, expected: u8) -> Result<(), String> {
    match kind == expected {
        true => Ok(()),
        false => Err(format!("Cassandra answered {kind:#x}, not {expected:#x}")),
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
