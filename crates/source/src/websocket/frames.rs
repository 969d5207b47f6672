//! Messages of a WebSocket, out of the frames in which they come (RFC 6455).
//!
//! `tungstenite` reads messages too, but ends a connection over a text that is not UTF-8 and over a message that is too
//! long. The server would send the same over the next connection, and the next. So only the heads of frames are left to
//! it, and here such a message is a message: the decoder says what is wrong with it, and what follows it is read.

use std::io::{self, Cursor};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::envelope::UnwrappedValue;
use crate::framing::Oversized;
use crate::stream::root_cause;
use headcount_clock::random_id;

/// A message longer than this is not kept whole. It may hold many values, so it may be longer than one.
pub(super) const MESSAGE_MAX: usize = 8 << 20;

/// How much is read at once.
const READ_BYTES: usize = 64 << 10;

/// The longest payload of a frame that is not data.
const CONTROL_MAX: u64 = 125;

/// How much may wait to be written. Only pings, pongs and the last frame are.
const OUTGOING_MAX: usize = 64 << 10;

/// What a server sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// A message, text or binary: what it holds is told by its bytes.
    Message(Bytes),
    /// A message that is longer than [`MESSAGE_MAX`].
    TooLong(UnwrappedValue),
    /// To be answered with the same bytes.
    Ping(Bytes),
    Pong,
    /// The server says farewell; the code and the reason, if it gives them.
    Close(Bytes),
}

/// A connection on which frames come and go.
pub(super) struct Frames<S> {
    stream: S,
    reader: FrameReader,
    outgoing: BytesMut,
    /// When bytes came last: a long message is a sign of life before it is complete.
    heard: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    pub(super) fn new(stream: S) -> Self {
        Frames {
            stream,
            reader: FrameReader::default(),
            outgoing: BytesMut::new(),
            heard: Instant::now(),
        }
    }

    /// When bytes came last.
    pub(super) fn heard(&self) -> Instant {
        self.heard
    }

    /// Whether what came so far ends within a message.
    pub(super) fn is_unfinished(&self) -> bool {
        self.reader.message.is_some()
    }

    /// What comes next; `None` at the end. May be cancelled without losing anything.
    ///
    /// # Errors
    /// Says why nothing more can be read.
    pub(super) async fn next(&mut self) -> Option<Result<Received, String>> {
        loop {
            match self.reader.next() {
                Ok(Some(incoming)) => return Some(Ok(incoming)),
                Ok(None) => {}
                Err(cause) => return Some(Err(cause)),
            }
            self.reader.buffer.reserve(READ_BYTES);
            match self.stream.read_buf(&mut self.reader.buffer).await {
                Ok(0) => return None,
                Ok(_) => self.heard = Instant::now(),
                Err(error) => return Some(Err(root_cause(&error))),
            }
        }
    }

    /// Puts a frame behind those that wait to be written.
    pub(super) fn queue(&mut self, kind: Control, payload: &[u8]) {
        if self.outgoing.len() > OUTGOING_MAX {
            return;
        }
        // The mask keeps a page in a browser from writing what a proxy misunderstands; nobody writes pages here.
        let mask = (random_id() as u32).to_be_bytes();
        let header = FrameHeader {
            opcode: OpCode::Control(kind),
            mask: Some(mask),
            ..FrameHeader::default()
        };
        let mut frame = Vec::new();
        header
            .format(payload.len() as u64, &mut frame)
            .expect("a vector takes everything");
        self.outgoing.extend_from_slice(&frame);
        let masked = payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask);
        self.outgoing.extend(masked);
    }

    /// Whether something waits to be written.
    pub(super) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Writes what waits. May be cancelled and called again.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while self.outgoing.has_remaining() {
            if self.stream.write_buf(&mut self.outgoing).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        self.stream.flush().await
    }
}

/// Takes frames apart and puts messages together.
#[derive(Default)]
struct FrameReader {
    buffer: BytesMut,
    /// The frame of which the payload is being read.
    frame: Option<DataFrame>,
    /// The message of which not all frames were read.
    message: Option<PartialMessage>,
}

struct DataFrame {
    left: u64,
    is_last: bool,
}

/// What there is of a message.
enum PartialMessage {
    Whole(BytesMut),
    TooLong(Oversized),
}

impl FrameReader {
    /// The next thing that is complete.
    fn next(&mut self) -> Result<Option<Received>, String> {
        loop {
            let complete = match self.frame.take() {
                Some(frame) => match self.payload(frame) {
                    Some(complete) => complete,
                    None => return Ok(None),
                },
                None => {
                    let Some((header, length)) = self.header()? else {
                        return Ok(None);
                    };
                    match header.opcode {
                        OpCode::Control(kind) => return Ok(Some(self.control(kind, length)?)),
                        OpCode::Data(kind) => self.begin(kind, header.is_final, length)?,
                    }
                    None
                }
            };
            if complete.is_some() {
                return Ok(complete);
            }
        }
    }

    /// The head of the next frame, of which the payload follows; `None` as long as it is not there, or not all of a
    /// control frame is.
    fn header(&mut self) -> Result<Option<(FrameHeader, u64)>, String> {
        let mut cursor = Cursor::new(&self.buffer[..]);
        let header = FrameHeader::parse(&mut cursor).map_err(|error| error.to_string())?;
        let Some((header, length)) = header else {
            return Ok(None);
        };
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(
                "the server uses an extension of WebSocket that headcount did not offer (such as permessage-deflate)"
                    .to_owned(),
            );
        }
        if header.mask.is_some() {
            return Err("the server masks its frames, which only clients may".to_owned());
        }
        // At most 14, as the cursor stands behind a head.
        let head = cursor.position() as usize;
        if let OpCode::Control(_) = header.opcode {
            if !header.is_final || length > CONTROL_MAX {
                return Err(
                    "the server sends a control frame that is too long, or in parts".to_owned(),
                );
            }
            if ((self.buffer.len() - head) as u64) < length {
                return Ok(None);
            }
        }
        self.buffer.advance(head);
        Ok(Some((header, length)))
    }

    fn control(&mut self, kind: Control, length: u64) -> Result<Received, String> {
        // No longer than CONTROL_MAX.
        let payload = self.buffer.split_to(length as usize).freeze();
        match kind {
            Control::Ping => Ok(Received::Ping(payload)),
            Control::Pong => Ok(Received::Pong),
            Control::Close => Ok(Received::Close(payload)),
            Control::Reserved(kind) => Err(format!(
                "the server sends a frame of an unknown kind ({kind})"
            )),
        }
    }

    fn begin(&mut self, kind: Data, is_last: bool, length: u64) -> Result<(), String> {
        match (kind, &self.message) {
            (Data::Text | Data::Binary, None) => {
                self.message = Some(PartialMessage::Whole(BytesMut::new()));
            }
            (Data::Continue, Some(_)) => {}
            (Data::Continue, None) => {
                return Err("the server continues a message that it did not begin".to_owned());
            }
            (Data::Text | Data::Binary, Some(_)) => {
                return Err("the server begins a message within another".to_owned());
            }
            (Data::Reserved(kind), _) => {
                return Err(format!(
                    "the server sends a frame of an unknown kind ({kind})"
                ));
            }
        }
        self.frame = Some(DataFrame {
            left: length,
            is_last,
        });
        Ok(())
    }

    /// Takes the payload of a frame as far as it is there: `None` when more of it is to come, else the message that is
    /// complete with it, if one is.
    fn payload(&mut self, mut frame: DataFrame) -> Option<Option<Received>> {
        let message = self
            .message
            .as_mut()
            .expect("a frame begins or continues one");
        if let PartialMessage::Whole(whole) = message
            && frame.left > (MESSAGE_MAX - whole.len()) as u64
        {
            let mut text = Oversized::new();
            text.swallow(whole);
            *message = PartialMessage::TooLong(text);
        }
        match message {
            // A frame that fits is taken at once, mostly without a copy.
            PartialMessage::Whole(whole) => {
                if (self.buffer.len() as u64) < frame.left {
                    self.frame = Some(frame);
                    return None;
                }
                whole.unsplit(self.buffer.split_to(frame.left as usize));
            }
            PartialMessage::TooLong(text) => {
                let there = (self.buffer.len() as u64).min(frame.left);
                text.swallow(&self.buffer.split_to(there as usize));
                frame.left -= there;
                if frame.left > 0 {
                    self.frame = Some(frame);
                    return None;
                }
            }
        }
        if !frame.is_last {
            return Some(None);
        }
        Some(self.message.take().map(PartialMessage::finish))
    }
}

impl PartialMessage {
    fn finish(self) -> Received {
        match self {
            PartialMessage::Whole(whole) => Received::Message(whole.freeze()),
            PartialMessage::TooLong(text) => {
                let (excerpt, broken) = text.finish();
                Received::TooLong(UnwrappedValue {
                    bytes: excerpt.into(),
                    broken: Some(broken),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame as a server writes it.
    #[derive(Debug, Clone)]
    struct Sent {
        opcode: OpCode,
        is_final: bool,
        payload: Vec<u8>,
    }

    impl Sent {
        fn bytes(&self) -> Vec<u8> {
            let header = FrameHeader {
                is_final: self.is_final,
                opcode: self.opcode,
                ..FrameHeader::default()
            };
            let mut bytes = Vec::new();
            header
                .format(self.payload.len() as u64, &mut bytes)
                .expect("a vector takes everything");
            bytes.extend(&self.payload);
            bytes
        }
    }

    /// Messages in random parts, with pings between them, and what is to come of them.
    fn conversation() -> impl Strategy<Value = (Vec<Sent>, Vec<Received>)> {
        let message = (
            any::<bool>(),
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..4),
            any::<bool>(),
        );
        prop::collection::vec(message, 0..12).prop_map(|messages| {
            let (mut sent, mut expected) = (Vec::new(), Vec::new());
            for (text, parts, ping) in messages {
                let last = parts.len() - 1;
                for (at, part) in parts.iter().enumerate() {
                    let kind = match (at, text) {
                        (0, true) => Data::Text,
                        (0, false) => Data::Binary,
                        _ => Data::Continue,
                    };
                    if ping {
                        sent.push(Sent {
                            opcode: OpCode::Control(Control::Ping),
                            is_final: true,
                            payload: vec![at as u8],
                        });
                        expected.push(Received::Ping(vec![at as u8].into()));
                    }
                    sent.push(Sent {
                        opcode: OpCode::Data(kind),
                        is_final: at == last,
                        payload: part.clone(),
                    });
                }
                expected.push(Received::Message(parts.concat().into()));
            }
            (sent, expected)
        })
    }

    fn read(bytes: &[u8], step: usize) -> Result<Vec<Received>, String> {
        let mut reader = FrameReader::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(step) {
            reader.buffer.extend_from_slice(piece);
            while let Some(incoming) = reader.next()? {
                found.push(incoming);
            }
        }
        Ok(found)
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_were_sent_however_they_are_cut(
            (sent, expected) in conversation(),
            step in 1_usize..700,
        ) {
            let bytes: Vec<u8> = sent.iter().flat_map(Sent::bytes).collect();
            prop_assert_eq!(read(&bytes, step), Ok(expected));
        }

        #[test]
        fn any_bytes_at_all(bytes in prop::collection::vec(any::<u8>(), 0..200), step in 1_usize..50) {
            // It ends, and says what is wrong if something is.
            let _ = read(&bytes, step);
        }
    }

    #[test]
    fn what_is_too_long_is_measured_and_what_follows_it_is_read() {
        let part = vec![b'x'; MESSAGE_MAX / 2 + 1];
        let sent = |kind, is_final, payload: &[u8]| {
            Sent {
                opcode: OpCode::Data(kind),
                is_final,
                payload: payload.to_vec(),
            }
            .bytes()
        };
        let whole = part.repeat(2);
        for long in [
            sent(Data::Text, true, &whole),
            [
                sent(Data::Binary, false, &part),
                sent(Data::Continue, true, &part),
            ]
            .concat(),
        ] {
            let bytes = [long, sent(Data::Text, true, b"{}")].concat();
            let found = read(&bytes, 1 << 20).expect("it is read");
            let mut text = Oversized::new();
            text.swallow(&whole);
            let (excerpt, broken) = text.finish();
            let too_long = Received::TooLong(UnwrappedValue {
                bytes: excerpt.into(),
                broken: Some(broken),
            });
            assert_eq!(
                found,
                [too_long, Received::Message(Bytes::from_static(b"{}"))]
            );
        }
    }

    #[test]
    fn what_breaks_the_protocol_is_named() {
        for (bytes, part) in [
            (&b"\xc1\x00"[..], "permessage-deflate"),
            (b"\x81\x81\x00\x00\x00\x00x", "masks its frames"),
            (b"\x09\x00", "in parts"),
            (b"\x89\x7e\x00\xff", "too long"),
            (b"\x80\x00", "did not begin"),
            (b"\x01\x01a\x01\x01a", "within another"),
        ] {
            let error = read(bytes, 100).expect_err("it is not WebSocket");
            assert!(error.contains(part), "{bytes:?}: {error}");
        }
    }
}
