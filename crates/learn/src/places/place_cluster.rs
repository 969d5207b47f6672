//! One cluster of venues, as it is stored and shown.

use serde::{Deserialize, Serialize};

use super::{
    grid::Grid,
    hull::convex_hull,
    naming::{CitiesAndTopics, PlaceDescription},
    place_point::{PlacePoint, Weighting},
    sphere::{Vector, is_on_the_globe, spot_of, unit_vector},
};
use crate::Spot;

/// Venues that lie together.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlaceCluster {
    /// Stays with the place when the model is trained again, and is given to no other one. The colour follows it.
    pub id: u32,
    /// Its biggest city; with the second one where a heavier cluster has the same.
    pub name: String,
    /// The country of that city; empty where it is not known.
    pub country: String,
    /// Topics that are more frequent here than elsewhere, the most telling first; empty where none is.
    pub topics: Vec<String>,
    /// Its middle.
    pub centre: Spot,
    /// Its venues.
    pub venues: u32,
    /// The people of its venues.
    pub people: u64,
    /// Its share of all that is weighed, in 0.0..=1.0.
    pub share: f64,
    /// The corners of its convex hull on the sphere, counterclockwise seen from above (RFC 7946), the first not repeated; the
    /// edges are great circles. Two corners are a line, one is a point.
    pub hull: Vec<Spot>,
    /// Venues outside the hull because the cluster reaches around more than half the globe.
    pub outside_hull: u32,
}

/// All that clusters are made from.
pub(super) struct Venues<'a> {
    pub(super) points: &'a [&'a PlacePoint],
    pub(super) vectors: Vec<Vector>,
    pub(super) names: CitiesAndTopics<'a>,
}

impl<'a> Venues<'a> {
    pub(super) fn of(points: &'a [&'a PlacePoint]) -> Self {
        Self {
            points,
            vectors: points
                .iter()
                .map(|point| unit_vector(point.spot()))
                .collect(),
            names: CitiesAndTopics::of(points),
        }
    }

    /// The clusters of a grouping of venues. `centres` are unit vectors; the ids are given by the caller.
    pub(super) fn clusters(
        &self,
        members: &[Vec<usize>],
        centres: &[Vector],
        weighting: Weighting,
    ) -> Vec<PlaceCluster> {
        let total: f64 = self
            .points
            .iter()
            .map(|point| point.weight(weighting))
            .sum();
        let descriptions: Vec<PlaceDescription> = members
            .iter()
            .map(|members| self.names.describe(self.points, members, weighting))
            .collect();
        let mut clusters: Vec<PlaceCluster> = members
            .iter()
            .zip(centres)
            .zip(&descriptions)
            .map(|((members, &centre), description)| {
                let vectors: Vec<Vector> =
                    members.iter().map(|&member| self.vectors[member]).collect();
                let (hull, outside_hull) = convex_hull(&vectors);
                let people = members
                    .iter()
                    .map(|&member| u64::from(self.points[member].people))
                    .sum();
                let weight: f64 = members
                    .iter()
                    .map(|&member| self.points[member].weight(weighting))
                    .sum();
                PlaceCluster {
                    id: 0,
                    name: description.city.clone(),
                    country: description.country.clone(),
                    topics: description.topics.clone(),
                    centre: spot_of(centre),
                    venues: members.len() as u32,
                    people,
                    share: weight / total,
                    hull,
                    outside_hull: outside_hull as u32,
                }
            })
            .collect();
        tell_apart(&mut clusters, &descriptions);
        clusters
    }
}

/// The lighter of two clusters of one city is called by its second city as well.
fn tell_apart(clusters: &mut [PlaceCluster], descriptions: &[PlaceDescription]) {
    let lighter: Vec<bool> = clusters
        .iter()
        .enumerate()
        .map(|(index, cluster)| {
            clusters.iter().enumerate().any(|(other_index, other)| {
                (&other.name, &other.country) == (&cluster.name, &cluster.country)
                    && (other.share, index) > (cluster.share, other_index)
                    && other_index != index
            })
        })
        .collect();
    for ((cluster, description), is_lighter) in clusters.iter_mut().zip(descriptions).zip(lighter) {
        if let (true, Some(second)) = (is_lighter, &description.second_city) {
            cluster.name = format!("{}, {second}", cluster.name);
        }
    }
}

/// The venues of each of `k` clusters, by the cluster of each cell.
pub(super) fn members_of(grid: &Grid, cluster_of_cell: &[u32], k: usize) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); k];
    for (venue, cluster) in grid.of_venues(cluster_of_cell).into_iter().enumerate() {
        if let Some(members) = members.get_mut(cluster as usize) {
            members.push(venue);
        }
    }
    members
}

impl PlaceCluster {
    /// Whether all numbers are such as training writes.
    pub(super) fn is_sound(&self) -> bool {
        is_on_the_globe(self.centre)
            && self.hull.iter().all(|&corner| is_on_the_globe(corner))
            && (0.0..=1.0).contains(&self.share)
    }
}
