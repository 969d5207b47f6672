//! Live counts of people from a stream of RSVPs: one program for ingest, journal, counting and the page.
fn main() {}
