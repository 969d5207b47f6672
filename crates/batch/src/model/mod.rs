//! The tables: their names, columns, keys and references, and typed rows of them.
//!
//! Everything that writes or reads tables takes their shape from here: the Delta tables, PostgreSQL's, and SQL's
//! catalogue.

mod cell;
mod rows;
mod table;

pub use cell::{Cell, Column, ColumnType, Time, finite};
pub use rows::{
    Category, Comment, Event, Group, GroupTopic, Member, Photo, Row, Rows, Rsvp, RsvpVersion,
    Topic, Venue,
};
pub use table::{Reference, Table};
