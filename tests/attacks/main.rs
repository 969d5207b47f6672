//! The built program is attacked from outside: killed, refused its system calls, given damaged files, hostile servers,
//! wrong commands and bad records. Nothing is lost or counted twice without being said.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod bodies;
mod commands;
mod damage;
mod failures;
mod hostile;
mod kills;
mod poisoned;
mod shim;
mod stage;

#[path = "../support/mod.rs"]
mod support;
