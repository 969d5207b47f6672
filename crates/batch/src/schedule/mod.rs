//! Hourly and daily jobs: statements whose answers are kept as Parquet and CSV under `LAKE/reports/NAME/`.
//!
//! **What an hour is.** An hour, or a day in UTC, of record time. It is due when the tables' stream time, which is what
//! every count takes for now, has passed its end; the clock on the wall decides nothing but when a failed attempt is
//! repeated and when a worker that is silent has lost its turn. So a replay of 2015 makes the reports of 2015, and an hour
//! that nobody was there for is made later, once. A record that comes after its hour was made is not in that hour's
//! report: it is in the tables.
//!
//! **How it stays right.** What is known of a job is one object in the lake, which only changes by compare-and-swap: the
//! next hour, whose turn it is, and which answer counts. A worker takes the turn, computes, stores the answer beside,
//! swaps in that this answer counts, copies it to its place, writes `_SUCCESS`, and swaps in the hour after. Any of them
//! may be killed between any two steps: whoever comes next goes on from the object. Of two workers of which each believes
//! that it is its turn, one swaps first, and the other throws its answer away.

mod answer;
mod csv;
mod jobs;
mod newest;
mod period;
mod runner;
mod state;
mod turn;

pub use answer::{Answer, write_answer};
pub use jobs::{Format, Job, Jobs, Query};
pub use newest::newest_snapshot;
pub use period::{Every, Period};
pub use runner::{Runner, Tally};
pub use turn::{Claimed, Decided, Next, Schedule, Success};
