//! The few requests of HTTP that ask whether a server is there.

use std::io::{Read, Write};

use crate::process::connect;

/// Sends a request to a local port and returns the status and the body.
///
/// It speaks HTTP/1.0: the answer ends with the connection, whatever its length.
pub(crate) fn request(
    port: u16,
    line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, String), String> {
    let mut stream = connect(port)?;
    let mut request = format!(
        "{line} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    let failed = |e| format!("{line} on port {port}: {e}");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    match (status, body) {
        (Some(status), Some(body)) => Ok((status, body.to_owned())),
        _ => Err(format!("{line} on port {port}: no answer of HTTP")),
    }
}
