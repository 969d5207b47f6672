//! SQL over the tables: read-only, with PostgreSQL's meaning, each statement in a process of its own.
//!
//! A statement is checked ([`guard`]), planned over a [snapshot](crate::snapshot) ([`session`]), and executed by a child
//! process that cannot use more than it may ([`child`], [`sandbox`]); its rows go out in one of several [`format`]s.

mod bind;
pub(crate) mod catalog;
pub mod child;
pub mod error;
pub(crate) mod format;
mod frame;
pub mod functions;
pub mod guard;
mod live;
mod overlay;
pub mod request;
pub mod sandbox;
pub mod session;
pub mod statement;
