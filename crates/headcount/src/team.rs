//! Threads that work in lockstep: none starts a step before all have finished the one before.

use std::{
    iter,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

/// The members of a team. The first one is the thread that leads it, so a team of one has no
/// thread of its own.
pub(crate) struct Team<'a, S, T> {
    step: &'a (dyn Fn(usize, S) -> T + Sync),
    others: Vec<(Sender<S>, Receiver<T>)>,
}

/// Runs `work` with a team of this many members, each of which takes a step on command.
pub(crate) fn lead<S: Copy + Send, T: Send, R>(
    members: usize,
    step: &(dyn Fn(usize, S) -> T + Sync),
    work: impl FnOnce(&Team<'_, S, T>) -> R,
) -> R {
    thread::scope(|scope| {
        let others = (1..members)
            .map(|member| {
                let (begin, steps) = channel();
                let (end, results) = channel();
                // Ends when the leader is gone, even by a panic.
                scope.spawn(move || {
                    steps
                        .into_iter()
                        .try_for_each(|next| end.send(step(member, next)))
                });
                (begin, results)
            })
            .collect();
        work(&Team { step, others })
    })
}

impl<S: Copy, T> Team<'_, S, T> {
    /// Lets every member take a step and waits for all; returns their results in the order of the members.
    pub(crate) fn all(&self, step: S) -> Vec<T> {
        for (begin, _) in &self.others {
            begin.send(step).expect("a member panicked");
        }
        let own = (self.step)(0, step);
        let others = self.others.iter();
        iter::once(own)
            .chain(others.map(|(_, results)| results.recv().expect("a member panicked")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn nobody_is_ahead() {
        let taken: Vec<AtomicUsize> = (0..4).map(|_| AtomicUsize::new(0)).collect();
        let step = |member: usize, step: usize| {
            assert!(
                taken
                    .iter()
                    .all(|taken| taken.load(Ordering::SeqCst) >= step)
            );
            taken[member].store(step + 1, Ordering::SeqCst);
            member * 100 + step
        };
        lead(4, &step, |team| {
            for step in 0..50 {
                assert_eq!(team.all(step), [step, 100 + step, 200 + step, 300 + step]);
            }
        });
    }

    #[test]
    fn a_panic_of_one_ends_all() {
        let step = |member: usize, _: ()| assert_ne!(member, 1, "on purpose");
        let ended = std::panic::catch_unwind(|| lead(3, &step, |team| team.all(())));
        assert!(ended.is_err());
    }
}
