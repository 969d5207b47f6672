//! A message of the stream as it goes out: plain, and compressed for those who take that.
//!
//! A compressed stream is one gzip member that never ends (RFC 1952). Each message is deflated by itself, without what was
//! sent before, and ends at a byte: so it is made once however many clients there are, and a client may begin with any.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

/// Deflate, no name, no time, system unknown.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// How a client wants its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamEncoding {
    Plain,
    Gzip,
}

/// A message in both encodings.
#[derive(Clone, Debug)]
pub(super) struct PackedMessage {
    plain: Bytes,
    gzip: Bytes,
}

impl PackedMessage {
    pub(super) fn new(plain: Bytes) -> Self {
        let gzip = deflated(&plain);
        Self { plain, gzip }
    }

    pub(super) fn of(&self, encoding: StreamEncoding) -> Bytes {
        match encoding {
            StreamEncoding::Plain => self.plain.clone(),
            StreamEncoding::Gzip => self.gzip.clone(),
        }
    }
}

/// The first bytes of a stream.
pub(super) fn first(encoding: StreamEncoding, message: &'static [u8]) -> Bytes {
    let message = seldom(encoding, message);
    match encoding {
        StreamEncoding::Plain => message,
        StreamEncoding::Gzip => [&GZIP_HEADER[..], &message].concat().into(),
    }
}

/// A message that is seldom sent, and so not kept packed.
pub(super) fn seldom(encoding: StreamEncoding, message: &'static [u8]) -> Bytes {
    match encoding {
        StreamEncoding::Plain => Bytes::from_static(message),
        StreamEncoding::Gzip => deflated(message),
    }
}

fn deflated(plain: &[u8]) -> Bytes {
    let mut deflate = Compress::new(Compression::default(), false);
    // What it may need at most, and the empty block that ends it at a byte.
    let mut out = Vec::with_capacity(plain.len() + plain.len() / 100 + 64);
    loop {
        let taken = usize::try_from(deflate.total_in()).expect("a message fits into memory");
        deflate
            .compress_vec(&plain[taken..], &mut out, FlushCompress::Sync)
            .expect("there is memory for it");
        // With room left, all is out.
        if deflate.total_in() == plain.len() as u64 && out.len() < out.capacity() {
            return out.into();
        }
        out.reserve(out.capacity());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn messages_one_behind_the_other_are_one_gzip_stream() {
        let messages = [
            "event: tick\ndata: {}\n\n".repeat(300),
            String::new(),
            "\u{2603}".into(),
        ];
        let mut stream = first(StreamEncoding::Gzip, b"retry: 1000\n\n").to_vec();
        let mut expected = "retry: 1000\n\n".to_owned();
        for message in &messages {
            let packed = PackedMessage::new(message.clone().into());
            assert_eq!(packed.of(StreamEncoding::Plain), message.as_bytes());
            stream.extend_from_slice(&packed.of(StreamEncoding::Gzip));
            expected.push_str(message);
        }
        assert!(stream.len() < expected.len() / 10);
        let mut read = vec![0; expected.len()];
        // It has no end, so no more is read than there is.
        GzDecoder::new(&stream[..])
            .read_exact(&mut read)
            .expect("the stream");
        assert_eq!(read, expected.as_bytes());
    }
}
