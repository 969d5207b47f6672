//! Failures of single inputs: a command goes on with the others and reports all failures at the end.

use anyhow::Result;

use crate::exit::{INTERRUPTED, exit};

/// Failures that are listed one by one; a folder may have millions of files.
const SENTENCES_MAX: usize = 20;

/// Failures in the order in which they came.
#[derive(Default)]
pub(crate) struct Failures {
    /// The exit code: that of the first failure, or of an interruption.
    code: Option<u8>,
    sentences: Vec<String>,
    more: u64,
}

impl Failures {
    pub(crate) fn add(&mut self, code: u8, sentence: impl Into<String>) {
        self.code.get_or_insert(code);
        // A script must learn of an interruption, whatever else failed.
        if code == INTERRUPTED {
            self.code = Some(code);
        }
        if self.sentences.len() < SENTENCES_MAX {
            self.sentences.push(sentence.into());
        } else {
            self.more += 1;
        }
    }

    /// Nothing, or all of them as one error.
    pub(crate) fn into_result(mut self) -> Result<()> {
        let Some(code) = self.code else {
            return Ok(());
        };
        if self.more > 0 {
            self.sentences
                .push(format!("and {} more inputs", self.more));
        }
        Err(exit(code, self.sentences.join("\n           ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{DATA, NO_INPUT, code_of};

    #[test]
    fn the_first_decides_and_the_rest_is_counted() {
        assert!(Failures::default().into_result().is_ok());
        let mut failures = Failures::default();
        failures.add(DATA, "first");
        for number in 0..SENTENCES_MAX + 4 {
            failures.add(NO_INPUT, format!("number {number}"));
        }
        let error = failures.into_result().expect_err("there were some");
        assert_eq!(code_of(&error), DATA);
        let said = error.to_string();
        assert!(
            said.starts_with("first\n") && said.ends_with("and 5 more inputs"),
            "{said}"
        );
    }
}
