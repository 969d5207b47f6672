//! The clock on the wall, which tests can set; dates; delays between attempts; and chance.
//!
//! It is for the rooms that meet the world. The rooms that are pure functions (`record`, `engine`, `simulator`) do not
//! know it: their answers must not depend on when or where they are computed.
//!
//! ```
//! use headcount_clock::{Backoff, WallClock, Delays};
//! use std::time::Duration;
//!
//! let clock = WallClock::at(1_700_000_000_000);
//! assert_eq!(clock.now_ms(), 1_700_000_000_000);
//!
//! let delays = Delays { first: Duration::from_millis(100), most: Duration::from_secs(5) };
//! let mut backoff = Backoff::new(delays);
//! assert!(backoff.next_delay() <= Duration::from_millis(100));
//! ```
#![warn(missing_docs)]

mod backoff;
mod chance;
mod clock;
mod date;

pub use backoff::{Backoff, Delays};
pub use chance::random_id;
pub use clock::{WallClock, now_ms};
pub use date::{date_of, days_of};
