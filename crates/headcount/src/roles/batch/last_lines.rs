//! What the batch worker writes to standard error: warnings go to our log as they come, and the last lines when it has died.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::io::{AsyncRead, AsyncReadExt};

/// As many lines say why a process died; a panic has a few.
const LINES_MAX: usize = 20;
/// The rest of a longer line is left out.
const LINE_BYTES_MAX: usize = 2_000;

/// The last lines that were not logged. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    /// Reads to the end.
    pub(crate) async fn follow(self, mut from: impl AsyncRead + Unpin) {
        let mut buffer = [0; 4096];
        let mut line = Vec::new();
        loop {
            // A pipe fails for nobody who could do something about it.
            let length = from.read(&mut buffer).await.unwrap_or(0);
            if length == 0 {
                self.add(&mem::take(&mut line));
                return;
            }
            for byte in &buffer[..length] {
                if *byte == b'\n' {
                    self.add(&mem::take(&mut line));
                } else if line.len() < LINE_BYTES_MAX {
                    line.push(*byte);
                }
            }
        }
    }

    /// Takes them out.
    pub(crate) fn take(&self) -> VecDeque<String> {
        mem::take(&mut *self.lines())
    }

    fn add(&self, line: &[u8]) {
        let line: String = String::from_utf8_lossy(line)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let line = line.trim();
        // The worker logs as we do: a time, a level, a sentence.
        let level = line.split_whitespace().nth(1).unwrap_or_default();
        if matches!(level, "WARN" | "ERROR") {
            tracing::warn!("headcount-batch: {line}");
            return;
        }
        if line.is_empty() {
            return;
        }
        tracing::debug!("headcount-batch: {line}");
        let mut lines = self.lines();
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_lines_stay_and_none_is_long() {
        let lines = LastLines::default();
        let mut text: String = (0..50).map(|n| format!("line {n}\n")).collect();
        text += "2026-11-30T17:18:03Z  WARN it is logged already\n\n";
        text += &"x".repeat(LINE_BYTES_MAX + 5_000);
        text += "\n\u{1b}[1mno end";
        lines.clone().follow(text.as_bytes()).await;
        let kept = lines.take();
        assert_eq!(kept.len(), LINES_MAX);
        assert_eq!(kept[0], "line 32");
        assert_eq!(kept[LINES_MAX - 2], "x".repeat(LINE_BYTES_MAX));
        assert_eq!(kept[LINES_MAX - 1], "[1mno end");
        assert!(lines.take().is_empty());
    }
}
