//! The tables: their names, columns, keys and references, and typed rows of them.
//!
//! Everything that writes or reads tables takes their shape from here: the Delta tables, PostgreSQL's, and SQL's
//! catalogue.

mod cell;
mod rows;
mod table;

pub use cell::{ColumnType, TableCell, TableColumn, Time, finite};
pub use rows::{
    Category, Comment, Event, Group, GroupTopic, Member, Photo, Rsvp, RsvpVersion, TableRow,
    TableRows, Topic, Venue,
};
pub use table::{LakeTable, Reference};
