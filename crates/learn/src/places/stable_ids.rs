//! Clusters keep their ids when data grow: colours and links stay.

use super::{matching::least_cost_pairs, sphere::haversine_km};
use crate::Spot;

/// What has an id: a cluster of an earlier model, or of one cluster fewer.
pub(super) struct KnownCluster {
    pub(super) id: u32,
    pub(super) centre: Spot,
}

/// The ids of the clusters at `centres`, and the first id that is still unused.
///
/// A cluster takes the id of the known one that it is: the pairs are those with the least total distance, and where
/// `same_only` is set a pair counts only if the centre moved by less than half the way to the next known centre. The others
/// get new ids from `next_id` on, in their order, so that an id never comes to mean another place.
pub(super) fn ids_after(
    known: &[KnownCluster],
    centres: &[Spot],
    same_only: bool,
    next_id: u32,
) -> (Vec<u32>, u32) {
    let cost: Vec<f64> = centres
        .iter()
        .flat_map(|&centre| {
            known
                .iter()
                .map(move |known| haversine_km(centre, known.centre))
        })
        .collect();
    let mut next_id = known
        .iter()
        .map(|known| known.id + 1)
        .fold(next_id, u32::max);
    let ids = least_cost_pairs(&cost, centres.len(), known.len())
        .into_iter()
        .enumerate()
        .map(|(index, pair)| {
            let same = pair.filter(|&of| {
                !same_only || cost[index * known.len() + of] < half_way_to_the_next(known, of)
            });
            same.map_or_else(
                || {
                    next_id += 1;
                    next_id - 1
                },
                |of| known[of].id,
            )
        })
        .collect();
    (ids, next_id)
}

fn half_way_to_the_next(known: &[KnownCluster], of: usize) -> f64 {
    known
        .iter()
        .enumerate()
        .filter(|&(index, _)| index != of)
        .map(|(_, other)| haversine_km(known[of].centre, other.centre) / 2.0)
        .fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64) -> Spot {
        Spot { lat: 0.0, lon }
    }

    fn known(lons: &[f64]) -> Vec<KnownCluster> {
        (0..)
            .zip(lons)
            .map(|(id, &lon)| KnownCluster {
                id,
                centre: at(lon),
            })
            .collect()
    }

    #[test]
    fn an_id_follows_its_place_whatever_the_order() {
        let (ids, next) = ids_after(
            &known(&[0.0, 10.0, 50.0]),
            &[at(51.0), at(-1.0), at(11.0)],
            true,
            3,
        );
        assert_eq!((ids, next), (vec![2, 0, 1], 3));
    }

    #[test]
    fn another_place_gets_an_id_that_nothing_had() {
        let (ids, next) = ids_after(&known(&[0.0, 10.0]), &[at(0.0), at(90.0)], true, 7);
        assert_eq!((ids, next), (vec![0, 7], 8));
    }

    #[test]
    fn one_cluster_more_keeps_the_others() {
        let (ids, next) = ids_after(
            &known(&[0.0, 10.0]),
            &[at(4.0), at(0.0), at(12.0)],
            false,
            0,
        );
        assert_eq!((ids, next), (vec![2, 0, 1], 3));
    }

    #[test]
    fn across_the_antimeridian_is_near() {
        let (ids, _) = ids_after(&known(&[179.5, 0.0]), &[at(1.0), at(-179.5)], true, 2);
        assert_eq!(ids, [1, 0]);
    }
}
