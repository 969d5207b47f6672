//! The tables of the built programs: recordings in, rows out, whatever happens on the way.

mod data;
mod golden;
mod kills;
mod steps;
mod worker;
