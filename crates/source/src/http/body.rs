//! The body of a response while it comes: chunks in, values out.

use std::borrow::Cow;

use bytes::Bytes;

use crate::envelope::{BodyUnpacker, DeclaredPacking};
use crate::framing::{Framed, Framer, ScanMode};
use crate::run::Options;
use crate::utf16::{Utf16Decoder, utf16_of};

/// A body that never ends, unpacked and split into values.
pub(super) struct StreamBody {
    unpacker: BodyUnpacker,
    text: TextForm,
    framer: Framer,
    /// Whether anything but blanks came.
    begun: bool,
    /// Whether there may be more in what was pushed than one batch holds.
    is_full: bool,
}

/// In what the text of a body is written.
enum TextForm {
    /// Too little came to tell; this came.
    Unknown(Vec<u8>),
    Utf8,
    Utf16(Utf16Decoder),
}

/// The values of a batch.
#[derive(Default)]
pub(super) struct Values {
    pub(super) values: Vec<Framed>,
    /// How many bytes of content were looked at for them. Blanks count: a body of nothing else must not keep the source
    /// from looking whether it is time to stop.
    content_bytes: usize,
    /// How many bytes came for them. What is packed may be nothing at all.
    came_bytes: usize,
}

impl Values {
    fn are_enough(&self, options: &Options) -> bool {
        self.content_bytes.max(self.came_bytes) >= options.batch_bytes
            || self.values.len() >= options.batch_items
    }
}

impl StreamBody {
    pub(super) fn new(packing: DeclaredPacking) -> Self {
        StreamBody {
            unpacker: BodyUnpacker::new(packing),
            text: TextForm::Unknown(Vec::new()),
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
        values.came_bytes += chunk.len();
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
            let text = self.text.decoded(content, false);
            if !self.begun
                && let Some(first) = text.iter().find(|byte| !byte.is_ascii_whitespace())
            {
                self.begun = true;
                if *first == b'<' {
                    return Err("a web page came, not a stream: is the address right?".to_owned());
                }
            }
            self.framer.push(&text);
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
            self.framer.push(&self.text.decoded(content, false));
        }
        self.framer.push(&self.text.decoded(&[], true));
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

impl TextForm {
    /// The next of the text as UTF-8; with `at_end` there is no more.
    fn decoded<'a>(&mut self, content: &'a [u8], at_end: bool) -> Cow<'a, [u8]> {
        match self {
            TextForm::Utf8 => Cow::Borrowed(content),
            TextForm::Utf16(decoder) => decoder.translate(content, at_end).into_bytes().into(),
            TextForm::Unknown(came) => {
                came.extend_from_slice(content);
                let head = std::mem::take(came);
                let (form, mark) = match utf16_of(&head) {
                    None if !at_end => {
                        *came = head;
                        return Cow::Borrowed(&[]);
                    }
                    Some(Some((big_endian, mark))) => {
                        (TextForm::Utf16(Utf16Decoder::new(big_endian)), mark)
                    }
                    None | Some(None) => (TextForm::Utf8, 0),
                };
                *self = form;
                self.decoded(&head[mark..], at_end).into_owned().into()
            }
        }
    }
}
