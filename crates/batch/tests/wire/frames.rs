//! Bytes of the protocol, as a client that may do anything sends them.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// How long an answer may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A connection.
pub(crate) struct RawClient(pub(crate) TcpStream);

/// A message of the server.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) kind: char,
    pub(crate) payload: Vec<u8>,
}

impl Message {
    /// A field of an error, such as its SQLSTATE, `C`.
    pub(crate) fn field(&self, name: u8) -> Option<String> {
        let mut fields = self.payload.split(|byte| *byte == 0);
        let found = fields.find(|field| field.first() == Some(&name))?;
        Some(String::from_utf8_lossy(&found[1..]).into_owned())
    }
}

/// A message of a client.
pub(crate) fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend((u32::try_from(payload.len()).unwrap() + 4).to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// The packet that begins a session.
pub(crate) fn startup(version: u32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut payload = version.to_be_bytes().to_vec();
    for (name, value) in parameters {
        payload.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    payload.push(0);
    let mut out = (u32::try_from(payload.len()).unwrap() + 4)
        .to_be_bytes()
        .to_vec();
    out.extend(payload);
    out
}

pub(crate) const VERSION: u32 = 3 << 16;

impl RawClient {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Self(stream)
    }

    /// A connection whose session has begun.
    pub(crate) fn begun(stream: TcpStream) -> Self {
        let mut client = Self::new(stream);
        client.send(&startup(
            VERSION,
            &[("user", "headcount"), ("database", "headcount")],
        ));
        client.until('Z');
        client
    }

    /// Sends bytes; the server may have closed the connection.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// The next message; none at the end of the connection.
    pub(crate) fn next(&mut self) -> Option<Message> {
        let mut head = [0; 5];
        if let Err(error) = self.0.read_exact(&mut head) {
            assert_ne!(
                error.kind(),
                std::io::ErrorKind::WouldBlock,
                "the server says nothing"
            );
            return None;
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut payload = vec![0; length as usize - 4];
        self.0.read_exact(&mut payload).ok()?;
        Some(Message {
            kind: char::from(head[0]),
            payload,
        })
    }

    /// All messages up to one of a kind, or to the end of the connection.
    pub(crate) fn until(&mut self, kind: char) -> Vec<Message> {
        let mut all = Vec::new();
        while let Some(message) = self.next() {
            let last = message.kind == kind;
            all.push(message);
            if last {
                break;
            }
        }
        all
    }

    /// The messages that answer a statement of the simple protocol.
    pub(crate) fn ask(&mut self, sql: &str) -> Vec<Message> {
        self.send(&frame(b'Q', format!("{sql}\0").as_bytes()));
        self.until('Z')
    }

    /// Asks for one value.
    pub(crate) fn value(&mut self, sql: &str) -> String {
        let messages = self.ask(sql);
        let row = messages.iter().find(|message| message.kind == 'D');
        let row = row.unwrap_or_else(|| panic!("{sql}: {messages:?}"));
        String::from_utf8(row.payload[6..].to_vec()).unwrap()
    }
}

/// The SQLSTATE of the only error among messages.
pub(crate) fn error(messages: &[Message]) -> String {
    let mut errors = messages.iter().filter(|message| message.kind == 'E');
    let found = errors
        .next()
        .unwrap_or_else(|| panic!("no error: {messages:?}"));
    assert!(errors.next().is_none(), "{messages:?}");
    found.field(b'C').unwrap()
}
