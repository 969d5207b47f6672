//! The steps that an expression may take.

use std::cell::Cell;

/// Steps of one run at most: hardly more than ten milliseconds, and a hundred times what any shipped mapping needs for the
/// greatest record that is sent.
const STEPS_MAX: u64 = 200_000;

thread_local! {
    /// What is left of them in this thread's run. The interpreter hands values nothing of its own, so it stands here.
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// The steps of the run in this thread.
pub(super) struct Steps;

impl Steps {
    /// Begins a run.
    pub(super) fn begin() {
        LEFT.set(STEPS_MAX);
    }

    /// Takes so many; whether there were as many left. If not, there are none any more.
    pub(super) fn take(count: usize) -> bool {
        let left = LEFT.get().checked_sub(count as u64);
        LEFT.set(left.unwrap_or(0));
        left.is_some_and(|left| left > 0)
    }

    /// Uses up all that is left.
    pub(super) fn use_up() {
        LEFT.set(0);
    }

    pub(super) fn are_used_up() -> bool {
        LEFT.get() == 0
    }
}
