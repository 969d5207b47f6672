//! The tables of the built programs: recordings in, rows out.
fn main() {}
