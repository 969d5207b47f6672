//! What clients send, in pieces of bounded size: nothing is made room for that a client only announces.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout,
};

/// Bytes of a startup packet.
const STARTUP_MAX: usize = 10_000;
/// Bytes of a message: far more than a statement may have, for values come beside it.
const FRAME_MAX: usize = 256 << 10;
/// How long a message may take whose first byte has come.
const WHOLE: Duration = Duration::from_secs(30);
/// Messages that a client may send: queries, their parts, copied data, passwords, and the end.
const KINDS: &[u8] = b"QPBDECHSXFdcfp";

const CANCEL: i32 = 80_877_102;
const SSL: i32 = 80_877_103;
const GSS: i32 = 80_877_104;

/// Why nothing more is read from a client.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// It has gone.
    #[error("the client has gone: {0}")]
    Gone(#[from] io::Error),
    /// It does not speak PostgreSQL's protocol.
    #[error("{0}")]
    Protocol(String),
    /// It has said nothing for too long.
    #[error("the client has said nothing for too long")]
    Idle,
}

fn protocol<T>(message: impl Into<String>) -> Result<T, FrameError> {
    Err(FrameError::Protocol(message.into()))
}

/// How a client begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Startup {
    /// It asks for TLS, or for GSSAPI.
    Encryption,
    /// It wants a statement of another connection to end.
    Cancel { process: i32, secret: i32 },
    Session {
        major: i32,
        minor: i32,
        parameters: Vec<(String, String)>,
    },
}

/// A message.
#[derive(Debug)]
pub(super) struct ClientMessage {
    pub(super) kind: u8,
    pub(super) payload: Vec<u8>,
}

/// Reads the first packet of a connection, or the next one after a refusal of encryption.
pub(super) async fn startup(from: &mut (impl AsyncRead + Unpin)) -> Result<Startup, FrameError> {
    let length = usize::try_from(from.read_i32().await?).unwrap_or(0);
    if !(8..=STARTUP_MAX).contains(&length) {
        return protocol(format!(
            "a startup packet has 8 to {STARTUP_MAX} bytes, and this one announces {length}"
        ));
    }
    let mut packet = vec![0; length - 4];
    from.read_exact(&mut packet).await?;
    let mut packet = MessageReader(&packet);
    match packet.i32()? {
        SSL | GSS => Ok(Startup::Encryption),
        CANCEL => Ok(Startup::Cancel {
            process: packet.i32()?,
            secret: packet.i32()?,
        }),
        version => {
            let mut parameters = Vec::new();
            loop {
                let name = packet.text()?;
                if name.is_empty() {
                    break;
                }
                parameters.push((name.to_owned(), packet.text()?.to_owned()));
            }
            Ok(Startup::Session {
                major: version >> 16,
                minor: version & 0xffff,
                parameters,
            })
        }
    }
}

/// Reads a message, or none when the client has closed the connection.
pub(super) async fn read(
    from: &mut (impl AsyncRead + Unpin),
    idle: Duration,
) -> Result<Option<ClientMessage>, FrameError> {
    let mut kind = [0];
    let first = timeout(idle, from.read(&mut kind)).await;
    if first.map_err(|_| FrameError::Idle)?? == 0 {
        return Ok(None);
    }
    let [kind] = kind;
    if !KINDS.contains(&kind) {
        return protocol(format!("there is no message of the kind {kind}"));
    }
    let rest = async {
        let length = usize::try_from(from.read_i32().await?).unwrap_or(0);
        if !(4..=FRAME_MAX).contains(&length) {
            return protocol(format!(
                "a message has 4 to {FRAME_MAX} bytes, and this one announces {length}"
            ));
        }
        let mut payload = vec![0; length - 4];
        from.read_exact(&mut payload).await?;
        Ok(payload)
    };
    let payload = timeout(WHOLE, rest).await.map_err(|_| FrameError::Idle)??;
    Ok(Some(ClientMessage { kind, payload }))
}

/// The parts of a message.
pub(super) struct MessageReader<'a>(pub(super) &'a [u8]);

impl<'a> MessageReader<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], FrameError> {
        match self.0.split_at_checked(count) {
            Some((bytes, rest)) => {
                self.0 = rest;
                Ok(bytes)
            }
            None => protocol("a message is shorter than what it says it holds"),
        }
    }

    pub(super) fn u8(&mut self) -> Result<u8, FrameError> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn i16(&mut self) -> Result<i16, FrameError> {
        let bytes = self.bytes(2)?;
        Ok(i16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn i32(&mut self) -> Result<i32, FrameError> {
        let bytes = self.bytes(4)?;
        Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A count of what follows; there are no more than bytes.
    pub(super) fn count(&mut self) -> Result<usize, FrameError> {
        let count = self.i16()?.cast_unsigned();
        Ok(usize::from(count))
    }

    /// A text that ends with a zero.
    pub(super) fn text(&mut self) -> Result<&'a str, FrameError> {
        let Some(end) = self.0.iter().position(|byte| *byte == 0) else {
            return protocol("a text in a message has no end");
        };
        let text = self.bytes(end)?;
        self.bytes(1)?;
        std::str::from_utf8(text)
            .map_err(|_| FrameError::Protocol("a text in a message is not UTF-8".to_owned()))
    }
}
