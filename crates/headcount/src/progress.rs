//! The progress bar of a command.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

/// One bar for all phases of a command, each with its label. It is drawn on standard error, and only if that is a
/// terminal: standard output is for results.
#[derive(Clone)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        // A length of zero would be drawn as done.
        let bar = ProgressBar::no_length();
        let style = "{msg:40!} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        bar.set_style(
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Starts a phase, such as `counting x.ndjson`.
    pub(crate) fn phase(&self, label: String) {
        if self.0.message() != label {
            // What follows may be of another length, which is not known yet.
            self.0.unset_length();
            self.0.set_message(label);
            self.0.reset();
        }
    }

    /// Shows that `done` of `total` bytes are done; a `total` of 0 is not known.
    pub(crate) fn at(&self, done: u64, total: u64) {
        match total {
            0 => self.0.unset_length(),
            total => self.0.set_length(total),
        }
        self.0.set_position(done);
    }

    /// Removes the bar.
    pub(crate) fn over(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bar is drawn full when its length is zero, and empty while it has none.
    #[test]
    fn every_phase_begins_with_an_empty_bar() {
        let bar = Bar(ProgressBar::no_length());
        for label in ["looking", "importing"] {
            bar.phase(label.to_owned());
            assert_eq!((bar.0.length(), bar.0.position()), (None, 0));
            bar.at(0, 0);
            assert_eq!(bar.0.length(), None);
            bar.at(30, 40);
            assert_eq!((bar.0.length(), bar.0.position()), (Some(40), 30));
        }
    }
}
