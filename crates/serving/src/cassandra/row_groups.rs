//! Row groups: sixteen rows stored as one, for to a server a row costs about the same whatever is in it.
//!
//! Rows that are written for the first time, or all again, come side by side. Those from one multiple of sixteen to the
//! next are written as one, at a number below 0. A row that changes later is written alone, at its own number; of the
//! two the later write tells what the row is. A group always has all of its rows, so one that is written over another lacks nothing.

use std::{borrow::Cow, collections::BTreeMap};

use headcount_engine::{Row, Table};

use super::{
    super::{
        rows::{RowKey, Stamped, Write},
        store::PAGE_ROWS,
    },
    bind::{Bound, Cell, CqlPartition, bind},
    statements::StatementKind,
};

/// Rows of a group; a page is a multiple of it.
const GROUP_ROWS: u32 = 16;
const _: () = assert!(PAGE_ROWS.is_multiple_of(GROUP_ROWS));

/// The statements of writes, in row groups where that is possible.
pub(crate) fn bind_all(writes: &[Stamped]) -> Vec<Bound<'_>> {
    let mut bound = Vec::new();
    let mut rest = writes;
    while let Some((first, others)) = rest.split_first() {
        if let Some((group, after)) = grouped(rest) {
            bound.push(group);
            rest = after;
        } else {
            bound.push(bind(first));
            rest = others;
        }
    }
    bound
}

/// A row group at the beginning of these, and what comes after it.
fn grouped(writes: &[Stamped]) -> Option<(Bound<'_>, &[Stamped])> {
    let (group, after) = writes.split_at_checked(GROUP_ROWS as usize)?;
    let (
        &RowKey {
            partition,
            table,
            number: first,
        },
        _,
    ) = row(&group[0])?;
    if !first.is_multiple_of(GROUP_ROWS) {
        return None;
    }
    let mut bodies = Vec::new();
    // All or none: a group that lacks a row would hide the one that was written alone before.
    for (write, number) in group.iter().zip(first..) {
        let (key, body) = row(write)?;
        let expected = RowKey {
            partition,
            table,
            number,
        };
        if *key != expected || write.stamp != group[0].stamp {
            return None;
        }
        bodies.extend_from_slice(&u32::try_from(body.len()).ok()?.to_le_bytes());
        bodies.extend_from_slice(body);
    }
    let page = first / PAGE_ROWS;
    let cells = vec![
        Cell::Int(i32::from(partition)),
        Cell::Int(i32::from(table.number())),
        Cell::Int(page.cast_signed()),
        Cell::Big(-1 - i64::from(first / GROUP_ROWS)),
        Cell::Blob(Cow::Owned(bodies)),
        Cell::Big(group[0].stamp),
    ];
    let bound = Bound {
        kind: StatementKind::SetRow,
        home: CqlPartition::Page(partition, table.number(), page),
        cells,
    };
    Some((bound, after))
}

fn row(write: &Stamped) -> Option<(&RowKey, &[u8])> {
    match &write.write {
        Write::Row { key, body } => Some((key, body)),
        _ => None,
    }
}

/// The rows of a page, from what is stored: number, body and stamp of row groups and of rows alone. None if no headcount
/// wrote it.
pub(crate) fn ungrouped(table: Table, stored: Vec<(i64, Vec<u8>, i64)>) -> Option<Vec<Row>> {
    let mut rows: BTreeMap<u32, (i64, Vec<u8>)> = BTreeMap::new();
    let mut take = |number, body: Vec<u8>, stamp| {
        let row = rows.entry(number).or_insert((stamp, Vec::new()));
        if row.0 <= stamp {
            *row = (stamp, body);
        }
    };
    for (number, body, stamp) in stored {
        if let Ok(number) = u32::try_from(number) {
            take(number, body, stamp);
            continue;
        }
        let first = u32::try_from(-1 - number).ok()?.checked_mul(GROUP_ROWS)?;
        let mut rest = &body[..];
        for number in first..first.checked_add(GROUP_ROWS)? {
            let (length, after) = rest.split_first_chunk()?;
            let (row, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            take(number, row.to_vec(), stamp);
            rest = after;
        }
    }
    let row = |(number, (_, body))| Row {
        table,
        number,
        body,
    };
    Some(rows.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(number: u32, body: u8, stamp: i64) -> Stamped {
        let key = RowKey {
            partition: 3,
            table: Table::Events,
            number,
        };
        let body = vec![body; usize::from(body % 5)];
        Stamped {
            write: Write::Row { key, body },
            stamp,
        }
    }

    /// As a server keeps it: of one key the later stamp.
    fn store(stored: &mut BTreeMap<i64, (Vec<u8>, i64)>, writes: &[Stamped]) {
        for bound in bind_all(writes) {
            let [.., Cell::Big(number), Cell::Blob(body), Cell::Big(stamp)] = &bound.cells[..]
            else {
                panic!("a row has other cells");
            };
            let kept = stored.entry(*number).or_insert((Vec::new(), *stamp));
            if kept.1 <= *stamp {
                *kept = (body.to_vec(), *stamp);
            }
        }
    }

    fn told(stored: &BTreeMap<i64, (Vec<u8>, i64)>) -> Vec<(u32, Vec<u8>)> {
        let stored = stored.iter();
        let stored = stored.map(|(number, (body, stamp))| (*number, body.clone(), *stamp));
        let rows = ungrouped(Table::Events, stored.collect()).expect("written by us");
        rows.into_iter().map(|row| (row.number, row.body)).collect()
    }

    #[test]
    fn rows_side_by_side_are_one_and_others_are_not() {
        let writes: Vec<_> = (10..50).map(|number| write(number, 1, 7)).collect();
        // 10 to 15, a group from 16 and one from 32, and 48 and 49.
        assert_eq!(bind_all(&writes).len(), 6 + 2 + 2);
        let mut torn: Vec<_> = (0..16).map(|number| write(number, 1, 7)).collect();
        torn[9].stamp = 8;
        assert_eq!(bind_all(&torn).len(), 16);
    }

    proptest! {
        /// Whatever is written in whatever order, each row is as its latest write says.
        #[test]
        fn the_latest_write_of_each_row_is_read(
            commits in prop::collection::vec(
                (0_u32..70, 1_u32..70, 1_i64..9, any::<u8>()),
                1..12,
            )
        ) {
            let mut stored = BTreeMap::new();
            let mut right: BTreeMap<u32, (i64, u8)> = BTreeMap::new();
            for (first, count, stamp, salt) in commits {
                // Of one stamp, all say the same of a row.
                let body = |number: u32| (number as u8).wrapping_mul(31) ^ (stamp as u8);
                let numbers: Vec<_> = (first..first + count)
                    .filter(|number| salt.count_ones() > 2 || number % 5 != 0)
                    .collect();
                let writes: Vec<_> = numbers.iter().map(|&n| write(n, body(n), stamp)).collect();
                store(&mut stored, &writes);
                for number in numbers {
                    let row = right.entry(number).or_insert((stamp, body(number)));
                    if row.0 <= stamp {
                        *row = (stamp, body(number));
                    }
                }
            }
            let right: Vec<_> = right
                .into_iter()
                .map(|(number, (_, body))| (number, vec![body; usize::from(body % 5)]))
                .collect();
            prop_assert_eq!(told(&stored), right);
        }
    }
}
