//! Mappings: what turns the records of any source into answers, events and withdrawals.
//!
//! A mapping is a TOML file of rules. A rule says which records it reads and where in them everything stands: with JSON
//! Pointers, or with `jaq` expressions where a path does not do. What it finds becomes a
//! [`MappedLine`](headcount_record::MappedLine), which is journaled and counted as any other record is.
//!
//! This room is pure: bytes in, lines out. Its invariant: what a mapping makes of a record follows from the mapping's
//! text and the record alone, and takes a bounded number of steps.
//!
//! ```
//! use headcount_mapping::Mapping;
//! use headcount_record::Masking;
//!
//! let mapping = Mapping::parse(r#"
//! mapping = 1
//! name = "mine"
//! [[rule]]
//! finds = "answer"
//! identity = "/id"
//! person = "/who"
//! version = { time = "/at" }
//! answer = { path = "/says", words = { coming = "yes" } }
//! event = { id = "/event" }
//! "#).unwrap();
//! let record = br#"{"id":1,"who":"ann","at":"2026-11-21T07:00:00Z","says":"coming","event":"tea"}"#;
//! let found = mapping.read(record, &Masking::Nothing);
//! let line = String::from_utf8(found[0].line.clone().unwrap()).unwrap();
//! assert!(line.contains(r#""response":"yes""#), "{line}");
//! ```

#![warn(missing_docs)]

mod allowed;
mod expression;
mod file;
mod finds;
mod mapping;
mod mistake;
mod path;
mod propose;
mod reader;
mod rule;
mod shipped;
mod time;
mod value;

pub use mapping::{Mapping, MappingOutcome};
pub use mistake::{Mistake, Mistakes};
pub use propose::Proposal;
pub use reader::RecordReader;
pub use shipped::{Shipped, shipped};
