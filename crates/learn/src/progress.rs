//! How training tells how far it is.

/// Whom training tells how far it is. The caller draws a bar or does nothing.
pub trait Progress {
    /// `stage` is what is being done, in a few words; `done` is the finished share of it, in 0.0..=1.0.
    fn at(&mut self, stage: &str, done: f64);
}

/// Nobody is told.
pub struct Quiet;

impl Progress for Quiet {
    fn at(&mut self, _stage: &str, _done: f64) {}
}
