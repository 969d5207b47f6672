//! The parts of long members that changed: of the map some dots, of the history its last windows.

use std::collections::HashMap;

use headcount_engine::{Dot, History};

/// Dots by their place, as a page keeps them. Two venues at one place are one dot there.
type Places<'a> = HashMap<(u64, u64), (u64, &'a Dot)>;

/// The dots whose figure is another now; 0 for those that are gone.
pub(super) fn of_dots(new: &[Dot], old: &[Dot]) -> Vec<Dot> {
    let (now, before) = (by_place(new), by_place(old));
    let differs = |place, count: &u64| before.get(place).is_none_or(|(known, _)| known != count);
    let changed = now
        .iter()
        .filter(|(place, (count, _))| differs(place, count));
    let changed = changed.map(|(_, (count, dot))| (dot.0, dot.1, *count, dot.3.clone()));
    let gone = before.iter().filter(|(place, _)| !now.contains_key(place));
    let gone = gone.map(|(_, (_, dot))| (dot.0, dot.1, 0, dot.3.clone()));
    changed.chain(gone).collect()
}

fn by_place(dots: &[Dot]) -> Places<'_> {
    let mut places = Places::with_capacity(dots.len());
    for dot in dots {
        let place = (dot.0.to_bits(), dot.1.to_bits());
        places.entry(place).or_insert((0, dot)).0 += dot.2;
    }
    places
}

/// The history from its first window that is another now; all of it where the page could not put that in its place.
pub(super) fn of_history(new: &History, old: &History) -> History {
    let is_new =
        old.step_ms != new.step_ms || old.start > new.start || old.yes.len() != new.yes.len();
    if is_new || !old.maybe.is_empty() || !new.maybe.is_empty() {
        return new.clone();
    }
    let moved = usize::try_from((new.start - old.start) / new.step_ms.max(1)).unwrap_or(usize::MAX);
    let same = |at: usize| {
        let before = at.checked_add(moved);
        before.is_some_and(|before| {
            old.yes.get(before) == Some(&new.yes[at]) && old.no.get(before) == Some(&new.no[at])
        })
    };
    let first = (0..new.yes.len())
        .find(|at| !same(*at))
        .unwrap_or(new.yes.len());
    // The end says how far it has come, also if nothing else did.
    let first = first.min(new.yes.len().saturating_sub(1));
    History {
        start: new.start + first as i64 * new.step_ms,
        step_ms: new.step_ms,
        yes: new.yes[first..].to_vec(),
        no: new.no[first..].to_vec(),
        maybe: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(start: i64, yes: &[u64]) -> History {
        History {
            start,
            step_ms: 5,
            yes: yes.to_vec(),
            no: vec![0; yes.len()],
            maybe: Vec::new(),
        }
    }

    #[test]
    fn only_the_windows_that_changed_are_told() {
        let old = history(100, &[1, 2, 3, 4]);
        for (new, told) in [
            (history(100, &[1, 2, 3, 5]), history(115, &[5])),
            (history(105, &[2, 3, 4, 0]), history(120, &[0])),
            (history(105, &[2, 3, 6, 1]), history(115, &[6, 1])),
            (history(100, &[1, 2, 3, 4]), history(115, &[4])),
            (history(100, &[0, 2, 3, 4]), history(100, &[0, 2, 3, 4])),
            (history(200, &[0, 0, 0, 1]), history(200, &[0, 0, 0, 1])),
            (history(90, &[1, 2, 3, 4]), history(90, &[1, 2, 3, 4])),
        ] {
            assert_eq!(of_history(&new, &old), told);
        }
    }

    #[test]
    fn dots_at_one_place_are_one_and_those_that_are_gone_are_zero() {
        let dot = |lon: f64, count| (lon, 1.0, count, "us".into());
        let old = [dot(1.0, 1), dot(2.0, 2), dot(2.0, 3), dot(3.0, 4)];
        let new = [dot(1.0, 1), dot(2.0, 2), dot(2.0, 4), dot(5.0, 1)];
        let mut told = of_dots(&new, &old);
        told.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(told, [dot(2.0, 6), dot(3.0, 0), dot(5.0, 1)]);
        assert!(of_dots(&new, &new).is_empty());
    }
}
