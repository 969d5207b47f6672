//! The body of a response while it comes: chunks in, values out.

use bytes::Bytes;

use crate::envelope::BodyUnpacker;
use crate::framing::{Framed, Framer, ScanMode};
use crate::run::Options;

/// A body that never ends, unpacked and split into values.
pub(super) struct StreamBody {
    unpacker: BodyUnpacker,
    framer: Framer,
    /// Whether anything but blanks came.
    begun: bool,
    /// Whether there may be more in what was pushed than one batch holds.
    is_full: bool,
}

/// The values of a batch.
#[derive(Default)]
pub(super) struct Values {
    pub(super) values: Vec<Framed>,
    /// How many bytes of content were looked at for them. Blanks count: a body of nothing else must not keep the source
    /// from looking whether it is time to stop.
    content_bytes: usize,
}

impl Values {
    fn are_enough(&self, options: &Options) -> bool {
        self.content_bytes >= options.batch_bytes || self.values.len() >= options.batch_items
    }
}

impl StreamBody {
    pub(super) fn new() -> Self {
        StreamBody {
            unpacker: BodyUnpacker::new(),
            framer: Framer::new(ScanMode::Proved),
            begun: false,
            is_full: false,
        }
    }

    /// Takes the next chunk. A chunk is not a message: servers and proxies cut as they like.
    ///
    /// # Errors
    /// Says why nothing that follows can be read.
    pub(super) fn push(
        &mut self,
        chunk: Bytes,
        values: &mut Values,
        options: &Options,
    ) -> Result<(), String> {
        self.unpacker.push(chunk);
        self.split(values, options)
    }

    /// Splits what was pushed until it is at its end or there are enough values.
    ///
    /// # Errors
    /// Says why nothing that follows can be read.
    pub(super) fn split(&mut self, values: &mut Values, options: &Options) -> Result<(), String> {
        loop {
            values.values.extend(self.framer.by_ref());
            self.is_full = values.are_enough(options);
            if self.is_full {
                return Ok(());
            }
            let unpacked = self.unpacker.next();
            let Some(content) = unpacked.map_err(|error| error.to_string())? else {
                return Ok(());
            };
            values.content_bytes += content.len();
            if !self.begun
                && let Some(first) = content.iter().find(|byte| !byte.is_ascii_whitespace())
            {
                self.begun = true;
                if *first == b'<' {
                    return Err("a web page came, not a stream: is the address right?".to_owned());
                }
            }
            self.framer.push(content);
        }
    }

    /// The stream ended in good order: its last value is complete as it is.
    ///
    /// # Errors
    /// When something is missing at its end.
    pub(super) fn finish(&mut self, values: &mut Values) -> Result<(), String> {
        debug_assert!(!self.is_full, "a full body is split before it is read on");
        self.unpacker.finish();
        // At most the few bytes by which a packing would have been told.
        while let Some(content) = self.unpacker.next().map_err(|error| error.to_string())? {
            self.framer.push(content);
        }
        if !self.unpacker.is_whole() {
            return Err("its packed content breaks off".to_owned());
        }
        self.framer.finish();
        values.values.extend(self.framer.by_ref());
        Ok(())
    }

    /// Whether there may be more in what was pushed than the last batch held.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether it stands within a value.
    pub(super) fn is_unfinished(&self) -> bool {
        self.framer.is_unfinished()
    }
}
