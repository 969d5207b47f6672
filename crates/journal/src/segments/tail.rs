//! What readers may see of a partition: up to where it is durable, and in which segments.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Offset;
use crate::error::{Error, Result};
use crate::read_waker::Interrupt;
use crate::segments::cursor::Cursor;
use crate::segments::segment::{ClosedSegment, Segment};

/// Written by the partition's writer after each sync, read by its readers.
pub(crate) struct Tail {
    state: Mutex<TailState>,
    moved: Condvar,
}

struct TailState {
    segments: Vec<Segment>,
    /// The end of the last durable group.
    end: Cursor,
    /// Why nothing will come any more.
    closed: Option<Error>,
}

/// The part of a partition that one segment holds.
pub(crate) struct ReadableSegment {
    pub(crate) segment: Segment,
    /// Its bytes are good up to here.
    pub(crate) limit: u64,
}

impl Tail {
    pub(crate) fn new(segments: Vec<Segment>, end: Cursor) -> Self {
        Self {
            state: Mutex::new(TailState {
                segments,
                end,
                closed: None,
            }),
            moved: Condvar::new(),
        }
    }

    /// Shows readers a new end and the segments that were added on the way.
    pub(crate) fn advance(&self, segments: &[Segment], end: Cursor) {
        let mut state = self.lock();
        // By number: retention may have taken some away here.
        let known = state.segments.last().map(|last| last.header.segment);
        let new = segments
            .iter()
            .rev()
            .take_while(|segment| Some(segment.header.segment) > known)
            .count();
        let added = &segments[segments.len() - new..];
        state.segments.extend_from_slice(added);
        state.end = end;
        drop(state);
        self.moved.notify_all();
    }

    /// Tells readers not to wait any longer, and why; the first reason stays.
    pub(crate) fn close(&self, why: Error) {
        self.lock().closed.get_or_insert(why);
        self.moved.notify_all();
    }

    pub(crate) fn end(&self) -> Cursor {
        self.lock().end
    }

    pub(crate) fn first_offset(&self) -> Offset {
        self.lock().segments[0].header.base
    }

    /// The complete segments, the oldest first.
    pub(crate) fn closed(&self) -> Vec<ClosedSegment> {
        let state = self.lock();
        let after = state.segments.iter().skip(1);
        after
            .map(|next| ClosedSegment::before(&next.header))
            .collect()
    }

    /// The complete segments that end at `offset` or before, the oldest first.
    pub(crate) fn before(&self, offset: Offset) -> Vec<(Segment, ClosedSegment)> {
        let state = self.lock();
        let pairs = state.segments.windows(2);
        pairs
            .map(|pair| (pair[0].clone(), ClosedSegment::before(&pair[1].header)))
            .take_while(|(_, closed)| closed.end <= offset)
            .collect()
    }

    /// Shows readers no segment before `first`, where one begins.
    pub(crate) fn forget_before(&self, first: Offset) {
        let mut state = self.lock();
        state
            .segments
            .retain(|segment| segment.header.base >= first);
        debug_assert!(
            state
                .segments
                .first()
                .is_some_and(|kept| kept.header.base == first),
            "only whole segments are deleted, and never the last"
        );
    }

    /// The last segment that begins at or before `offset`.
    pub(crate) fn stretch_of(&self, offset: Offset) -> Option<ReadableSegment> {
        let state = self.lock();
        let after = state.segments.partition_point(|s| s.header.base <= offset);
        state.stretch(after.checked_sub(1)?)
    }

    /// The segment with this number, if it has come to be.
    pub(crate) fn stretch(&self, segment: u32) -> Option<ReadableSegment> {
        let state = self.lock();
        let index = segment.checked_sub(state.segments[0].header.segment)?;
        state.stretch(index as usize)
    }

    /// Makes waiting readers look at their interrupts.
    pub(crate) fn notify(&self) {
        // Under the lock, so that no reader is between its look and its wait.
        let state = self.lock();
        self.moved.notify_all();
        drop(state);
    }

    /// Waits until there are more than `offset` entries, at most for `timeout` and only until the interrupt; false if it is
    /// over without. Once there is nothing to wait for, the reason why.
    pub(crate) fn wait(
        &self,
        offset: Offset,
        timeout: Duration,
        interrupt: &Interrupt,
    ) -> Result<bool> {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        loop {
            if state.end.next > offset {
                return Ok(true);
            }
            if let Some(why) = &state.closed {
                return Err(why.clone());
            }
            let left = deadline.map_or(timeout, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() || interrupt.take() {
                return Ok(false);
            }
            state = self
                .moved
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Nothing that is done under this lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, TailState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TailState {
    fn stretch(&self, index: usize) -> Option<ReadableSegment> {
        let segment = self.segments.get(index)?.clone();
        let limit = match self.segments.get(index + 1) {
            Some(next) => next.header.prev_end,
            None => self.end.pos,
        };
        Some(ReadableSegment { segment, limit })
    }
}
