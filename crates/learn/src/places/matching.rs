//! Which cluster of a new model is which of the one before: the pairing with the least total distance.

/// For each row its column, or none where there are more rows than columns: the pairs with the least total cost.
/// `cost` has a row for each of `rows`, with `columns` values each, all finite.
///
/// The Hungarian method with potentials (Kuhn 1955, Munkres 1957), in cubic time of the larger side.
pub(super) fn least_cost_pairs(cost: &[f64], rows: usize, columns: usize) -> Vec<Option<usize>> {
    let size = rows.max(columns);
    // Costs between real ones and made-up ones are all equal, so they change no choice among real ones.
    let at = |row: usize, column: usize| {
        if row < rows && column < columns {
            cost[row * columns + column]
        } else {
            0.0
        }
    };
    let mut row_potential = vec![0.0; size + 1];
    let mut column_potential = vec![0.0; size + 1];
    // Rows and columns count from 1 here; 0 is the row that is being placed.
    let mut row_of_column = vec![0usize; size + 1];
    for row in 1..=size {
        row_of_column[0] = row;
        let came_from = shortest_path(
            &at,
            size,
            &mut row_potential,
            &mut column_potential,
            &row_of_column,
        );
        let (mut column, came_from) = came_from;
        while column != 0 {
            let before = came_from[column];
            row_of_column[column] = row_of_column[before];
            column = before;
        }
    }
    let mut pairs = vec![None; rows];
    for (column, &row) in row_of_column.iter().enumerate().skip(1) {
        if row <= rows && column <= columns {
            pairs[row - 1] = Some(column - 1);
        }
    }
    pairs
}

/// Dijkstra's search for a column that is free, from the row in column 0; the potentials keep all costs positive. Returns
/// that column and, for each column, the one before it on the way.
fn shortest_path(
    cost: &impl Fn(usize, usize) -> f64,
    size: usize,
    row_potential: &mut [f64],
    column_potential: &mut [f64],
    row_of_column: &[usize],
) -> (usize, Vec<usize>) {
    let mut came_from = vec![0; size + 1];
    let mut least = vec![f64::INFINITY; size + 1];
    let mut is_done = vec![false; size + 1];
    let mut column = 0;
    while row_of_column[column] != 0 {
        is_done[column] = true;
        let row = row_of_column[column];
        let (mut step, mut next) = (f64::INFINITY, 0);
        for other in 1..=size {
            if is_done[other] {
                continue;
            }
            let reduced = cost(row - 1, other - 1) - row_potential[row] - column_potential[other];
            if reduced < least[other] {
                least[other] = reduced;
                came_from[other] = column;
            }
            if least[other] < step {
                step = least[other];
                next = other;
            }
        }
        for other in 0..=size {
            if is_done[other] {
                row_potential[row_of_column[other]] += step;
                column_potential[other] -= step;
            } else {
                least[other] -= step;
            }
        }
        column = next;
    }
    (column, came_from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The least total over all ways to choose, by trying them.
    fn least_by_force(
        cost: &[f64],
        rows: usize,
        columns: usize,
        row: usize,
        used: &mut Vec<bool>,
    ) -> f64 {
        if row == rows {
            return 0.0;
        }
        let mut least = f64::INFINITY;
        for column in 0..columns {
            if !used[column] {
                used[column] = true;
                let rest = least_by_force(cost, rows, columns, row + 1, used);
                least = least.min(cost[row * columns + column] + rest);
                used[column] = false;
            }
        }
        least
    }

    proptest! {
        #[test]
        fn pairs_are_the_cheapest(rows in 1usize..6, more in 0usize..2, seed in any::<u64>()) {
            let columns = rows + more;
            let mut rng = fastrand::Rng::with_seed(seed);
            let cost: Vec<f64> = (0..rows * columns).map(|_| rng.f64()).collect();
            let pairs = least_cost_pairs(&cost, rows, columns);
            let total: f64 = pairs.iter().enumerate()
                .map(|(row, column)| cost[row * columns + column.unwrap()]).sum();
            let least = least_by_force(&cost, rows, columns, 0, &mut vec![false; columns]);
            prop_assert!((total - least).abs() < 1e-9);
            let mut chosen: Vec<_> = pairs.into_iter().flatten().collect();
            chosen.sort_unstable();
            chosen.dedup();
            prop_assert_eq!(chosen.len(), rows);
        }
    }

    #[test]
    fn one_row_too_many_has_no_pair() {
        assert_eq!(
            least_cost_pairs(&[1.0, 5.0, 0.5], 3, 1),
            [None, None, Some(0)]
        );
    }
}
