//! How parent and child talk: a kind, a length in four bytes (little endian), and that many bytes.

use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt};

/// No frame is longer: whoever reads one makes room for it first.
const LONGEST: usize = 64 << 20;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// Parent to child: a [`Grant`](super::request::Grant) as JSON.
    Grant,
    /// Parent to child: a [`Request`](super::request::Request) as JSON.
    Request,
    /// Child to parent: the columns as JSON.
    Columns,
    /// Child to parent: a piece of the answer in its format.
    Data,
    /// Child to parent: an [`End`](super::request::End) as JSON.
    End,
    /// Child to parent: an error as JSON; the last frame.
    Error,
}

impl FrameKind {
    const ALL: [(Self, u8); 6] = [
        (Self::Grant, b'G'),
        (Self::Request, b'Q'),
        (Self::Columns, b'C'),
        (Self::Data, b'D'),
        (Self::End, b'E'),
        (Self::Error, b'X'),
    ];

    fn byte(self) -> u8 {
        let found = Self::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or(0, |(_, byte)| *byte)
    }

    fn of(byte: u8) -> io::Result<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == byte);
        found
            .map(|(kind, _)| *kind)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame of an unknown kind"))
    }
}

fn length(header: [u8; 5]) -> io::Result<usize> {
    let [_, a, b, c, d] = header;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a frame longer than 64 MiB",
        ));
    }
    Ok(length)
}

/// The bytes of a frame.
pub(crate) fn frame(kind: FrameKind, payload: &[u8]) -> io::Result<Vec<u8>> {
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "a frame longer than 64 MiB");
    if payload.len() > LONGEST {
        return Err(too_long());
    }
    let length = u32::try_from(payload.len()).map_err(|_| too_long())?;
    let mut out = Vec::with_capacity(payload.len() + 5);
    out.push(kind.byte());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(payload);
    Ok(out)
}

/// Writes a frame; a payload that is too long for one goes out as several.
pub(crate) fn write(out: &mut impl Write, kind: FrameKind, payload: &[u8]) -> io::Result<()> {
    for piece in payload.chunks(LONGEST) {
        out.write_all(&frame(kind, piece)?)?;
    }
    out.flush()
}

/// Reads a frame, or none at the end of the stream.
pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<(FrameKind, Vec<u8>)>> {
    let mut header = [0; 5];
    match from.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut payload = vec![0; length(header)?];
    from.read_exact(&mut payload)?;
    Ok(Some((FrameKind::of(header[0])?, payload)))
}

/// Reads a frame, or none at the end of the stream.
pub(crate) async fn read_async(
    from: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<(FrameKind, Vec<u8>)>> {
    let mut header = [0; 5];
    match from.read_exact(&mut header).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    };
    let mut payload = vec![0; length(header)?];
    from.read_exact(&mut payload).await?;
    Ok(Some((FrameKind::of(header[0])?, payload)))
}
