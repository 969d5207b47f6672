//! What must happen when a writer's thread ends, however it ends.

/// Closes up behind a writer, also one that panics: nobody may wait for a thread that is gone.
pub(crate) struct CloseOnDrop<F: Fn()>(pub(crate) F);

impl<F: Fn()> Drop for CloseOnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
