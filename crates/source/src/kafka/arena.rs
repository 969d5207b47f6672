//! Where payloads are copied to: what the client library lends is its own.

use bytes::{Bytes, BytesMut};

/// Memory is taken in pieces of this size, which the messages share.
const CHUNK_BYTES: usize = 256 << 10;

/// Payloads one behind the other in big pieces of memory.
#[derive(Debug, Default)]
pub(super) struct Arena(BytesMut);

impl Arena {
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Bytes {
        if self.0.capacity() < bytes.len() {
            self.0 = BytesMut::with_capacity(CHUNK_BYTES.max(bytes.len()));
        }
        self.0.extend_from_slice(bytes);
        self.0.split().freeze()
    }
}
