//! Which shards went away before it was known that they were read to their ends.

use std::collections::BTreeMap;

use crate::graph::Shard;
use crate::record::SequenceNumber;
use crate::shard::ShardStart;

/// The shards that were being read and are listed no more, unless what came from them was read too. A child that was
/// read says that its parents were read to their ends.
pub(crate) fn forgotten(
    starts: &BTreeMap<String, ShardStart>,
    listed: &[Shard],
) -> Vec<(String, SequenceNumber, i64)> {
    let is_listed = |id: &str| listed.iter().any(|shard| shard.id == id);
    let none_is_listed = !starts.keys().any(|id| is_listed(id));
    let has_unread_child = |id: &String| {
        let mut children = listed.iter().filter(|shard| shard.parents.contains(id));
        children.any(|child| !starts.contains_key(&child.id))
    };
    let newest = |start: &ShardStart| match start {
        ShardStart::After { sequence, whole_ms } => Some((sequence.clone(), *whole_ms)),
        _ => None,
    };
    let mut forgotten: Vec<_> = starts
        .iter()
        .filter(|(id, _)| !is_listed(id) && (none_is_listed || has_unread_child(id)))
        .filter_map(|(id, start)| newest(start).map(|(at, whole)| (id.clone(), at, whole)))
        .collect();
    if none_is_listed {
        // Those before the newest one were read to their ends.
        forgotten.sort_by_key(|(_, _, whole_ms)| *whole_ms);
        forgotten.drain(..forgotten.len().saturating_sub(1));
    }
    forgotten
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_key::HashKey;

    fn check(started: &[(&str, i64)], listed: &[(&str, &[&str])], expected: &[&str]) {
        let after = |whole_ms| ShardStart::After {
            sequence: SequenceNumber::new("1"),
            whole_ms,
        };
        let starts = started
            .iter()
            .map(|&(id, whole_ms)| (id.to_owned(), after(whole_ms)));
        let shard = |&(id, parents): &(&str, &[&str])| Shard {
            id: id.to_owned(),
            parents: parents.iter().map(|&parent| parent.to_owned()).collect(),
            keys: HashKey(0)..=HashKey(1),
            is_open: true,
        };
        let listed: Vec<Shard> = listed.iter().map(shard).collect();
        let found = forgotten(&starts.collect(), &listed);
        let names: Vec<&str> = found.iter().map(|(id, _, _)| id.as_str()).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_shard_that_is_gone_may_have_had_more() {
        check(&[], &[("a", &[])], &[]);
        check(&[("a", 1)], &[("a", &[])], &[]);
        // Its child was not read: was it read to its end?
        check(&[("a", 1)], &[("b", &["a"])], &["a"]);
        // Its child was read: it was.
        check(&[("a", 1), ("b", 2)], &[("b", &["a"])], &[]);
        // Grandparents of what is listed are settled by what was read after them.
        check(&[("a", 1), ("b", 2)], &[("b", &["x"]), ("c", &["b"])], &[]);
        // Everything was replaced since.
        check(&[("a", 1), ("b", 2)], &[("d", &["c"])], &["b"]);
    }
}
