//! The real servers that the tests run against, started from packages.
