//! Which writes go together: each request costs a server more than the rows in it.

use std::{collections::HashMap, mem::take};

use scylla::client::session::Session;

use super::{
    bind::{Bound, CqlPartition},
    statements::Statements,
};

/// Well under the 50 KiB at which a server may refuse a batch, and enough to pay for the way.
const BYTES_MAX: usize = 16 << 10;
/// Of several homes a server warns from 5 KiB on, to which it adds a little of its own, or from more than 10 of them.
const MIXED_BYTES_MAX: usize = 9 << 9;
const HOMES_MAX: usize = 10;

/// What is sent in one request.
pub(crate) type Unit<'a> = Vec<&'a Bound<'a>>;

/// Neighbours of one home, as many as fit a batch; and of tables whose rows have a home each, several homes if they are
/// on the same nodes, so that it is still one node that is asked and writes them.
pub(crate) fn units<'a>(
    bound: &'a [Bound<'a>],
    session: &Session,
    statements: &Statements,
) -> Vec<Unit<'a>> {
    let cluster = session.get_cluster_state();
    let nodes_of = |bound: &Bound| {
        let statement = statements.of(bound.kind);
        let table = statement.get_table_spec()?;
        let token = statement.calculate_token(&bound.cells).ok()??;
        let mut nodes: Vec<_> = cluster
            .get_token_endpoints(table.ks_name(), table.table_name(), token)
            .iter()
            .map(|(node, _)| node.host_id)
            .collect();
        nodes.sort_unstable();
        Some(nodes)
    };
    gathered(neighbours(bound), nodes_of)
}

fn neighbours<'a>(bound: &'a [Bound<'a>]) -> Vec<&'a [Bound<'a>]> {
    let mut units = Vec::new();
    let mut rest = bound;
    while let Some(first) = rest.first() {
        let mut bytes = first.bytes();
        let neighbours = rest[1..].iter().take_while(|next| {
            bytes += next.bytes();
            first.home != CqlPartition::Alone && next.home == first.home && bytes <= BYTES_MAX
        });
        let (unit, after) = rest.split_at(1 + neighbours.count());
        rest = after;
        units.push(unit);
    }
    units
}

/// Puts small ones of the same nodes together.
fn gathered<'a, N: std::hash::Hash + Eq>(
    units: Vec<&'a [Bound<'a>]>,
    nodes_of: impl Fn(&Bound) -> Option<N>,
) -> Vec<Unit<'a>> {
    #[derive(Default)]
    struct Gathering<'a> {
        unit: Unit<'a>,
        homes: usize,
        bytes: usize,
    }
    let mut done = Vec::new();
    let mut gatherings: HashMap<N, Gathering> = HashMap::new();
    for unit in units {
        let bytes = unit.iter().map(Bound::bytes).sum::<usize>();
        // Only of these there are very many small ones, each in a partition of its own.
        let scattered = matches!(
            unit[0].home,
            CqlPartition::Event(_) | CqlPartition::Venue(_)
        );
        let nodes = (scattered && bytes < MIXED_BYTES_MAX).then(|| nodes_of(&unit[0]));
        let Some(nodes) = nodes.flatten() else {
            done.push(unit.iter().collect());
            continue;
        };
        let gathering = gatherings.entry(nodes).or_default();
        if gathering.homes == HOMES_MAX || gathering.bytes + bytes > MIXED_BYTES_MAX {
            done.push(take(gathering).unit);
        }
        gathering.homes += 1;
        gathering.bytes += bytes;
        gathering.unit.extend(unit);
    }
    let rest = gatherings.into_values().map(|gathering| gathering.unit);
    done.extend(rest.filter(|unit| !unit.is_empty()));
    done
}

#[cfg(test)]
mod tests {
    use super::{super::statements::StatementKind, *};

    fn of(home: CqlPartition<'_>) -> Bound<'_> {
        Bound {
            kind: StatementKind::SetEvent,
            home,
            cells: Vec::new(),
        }
    }

    fn homes<'a>(units: &[Unit<'a>]) -> Vec<Vec<CqlPartition<'a>>> {
        let homes = |unit: &Unit<'a>| unit.iter().map(|bound| bound.home).collect();
        units.iter().map(homes).collect()
    }

    /// Nodes are told by the first letter.
    fn first_letter(bound: &Bound) -> Option<char> {
        match bound.home {
            CqlPartition::Event(name) => name.chars().next(),
            _ => None,
        }
    }

    #[test]
    fn homes_on_the_same_nodes_share_a_request() {
        let names = ["a1", "b1", "a1", "a2", "a2"].map(CqlPartition::Event);
        let bound: Vec<_> = names.into_iter().map(of).collect();
        let mut found = homes(&gathered(neighbours(&bound), first_letter));
        found.sort_by_key(Vec::len);
        let event = CqlPartition::Event;
        let all_of_a = ["a1", "a1", "a2", "a2"].map(event).to_vec();
        assert_eq!(found, [vec![event("b1")], all_of_a]);
    }

    #[test]
    fn a_request_has_at_most_ten_homes_and_what_stands_alone_does() {
        let names: Vec<_> = (0..25).map(|number| format!("a{number}")).collect();
        let mut bound: Vec<_> = names
            .iter()
            .map(|name| of(CqlPartition::Event(name)))
            .collect();
        bound.insert(12, of(CqlPartition::Alone));
        let units = gathered(neighbours(&bound), first_letter);
        let mut lengths: Vec<_> = units.iter().map(Vec::len).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, [1, 5, 10, 10]);
    }
}
