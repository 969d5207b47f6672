//! What a model was trained on, in one number.

use std::fmt::{self, Debug, Write};

use sha2::{Digest, Sha256};

/// SHA-256 in hexadecimal over the examples as the training saw them, in their order.
pub(crate) fn sha256_of<T: Debug>(examples: &[T]) -> String {
    let mut writer = HashWriter(Sha256::new());
    for example in examples {
        // Hashing cannot fail.
        let _ = writeln!(writer, "{example:?}");
    }
    let mut text = String::with_capacity(64);
    for byte in writer.0.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
