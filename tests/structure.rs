//! What `ARCHITECTURE.md` and `CONTRIBUTING.md` say of the code holds: no large circles of files, one name for one type,
//! short functions, documented rooms. The sources are read as text; `cargo tree` in `tests/run` proves the arrows between
//! rooms.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod structure {
    pub mod circles;
    pub mod sources;
}

use std::collections::BTreeMap;

use structure::{circles, sources::Source};

/// Files that may need each other. A larger knot cannot be read in any order.
const CIRCLE_MAX: usize = 3;
/// Lines of a function, its signature and closing brace included.
const FUNCTION_LINES_MAX: usize = 100;
/// Names that Rust programs give to one type in each room.
const EVERY_ROOMS_OWN: [&str; 3] = ["Error", "Result", "Options"];

#[test]
fn circles_of_files_are_small() {
    let large: Vec<_> = circles::of(&Source::all())
        .into_iter()
        .filter(|circle| circle.len() > CIRCLE_MAX)
        .map(|circle| circle.join(" "))
        .collect();
    assert!(
        large.is_empty(),
        "files that need each other in a circle:\n{}",
        large.join("\n")
    );
}

#[test]
fn one_name_is_one_type() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in Source::all() {
        for name in source.types() {
            places
                .entry(name.to_owned())
                .or_default()
                .push(source.path.clone());
        }
    }
    let twice: Vec<_> = places
        .iter()
        .filter(|(name, files)| files.len() > 1 && !EVERY_ROOMS_OWN.contains(&name.as_str()))
        .map(|(name, files)| format!("{name}: {}", files.join(" ")))
        .collect();
    assert!(
        twice.is_empty(),
        "{} names of types stand for two things:\n{}",
        twice.len(),
        twice.join("\n")
    );
}

#[test]
fn functions_are_short() {
    let long: Vec<_> = Source::all()
        .iter()
        .flat_map(Source::functions)
        .filter(|function| function.lines >= FUNCTION_LINES_MAX)
        .map(|function| {
            format!(
                "{}: {} has {} lines",
                function.place, function.name, function.lines
            )
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// A thread that panics must end the process: nobody waits for a thread that lives as long as it does.
#[test]
fn every_long_lived_thread_of_the_program_has_a_guard() {
    let roles = ["crates/headcount/src/roles/", "crates/headcount/src/disk/"];
    let unguarded: Vec<_> = Source::all()
        .into_iter()
        .filter(|source| roles.iter().any(|role| source.path.contains(role)))
        .filter(|source| {
            let count = |what: &str| source.text.matches(what).count();
            count("thread::Builder::new()")
                > count("let _guard = guard") + count("(_running, _guard)")
        })
        .map(|source| source.path)
        .collect();
    assert!(
        unguarded.is_empty(),
        "threads without a guard: {unguarded:?}"
    );
}

#[test]
fn every_library_warns_of_items_without_docs() {
    let silent: Vec<_> = Source::all()
        .into_iter()
        .filter(|source| source.path.ends_with("/src/lib.rs"))
        .filter(|source| !source.text.contains("#![warn(missing_docs)]"))
        .map(|source| source.path)
        .collect();
    assert!(
        silent.is_empty(),
        "without #![warn(missing_docs)]: {silent:?}"
    );
}
