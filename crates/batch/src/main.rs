//! The batch worker.

fn main() {}
