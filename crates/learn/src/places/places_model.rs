//! Clusters of venues for every number of clusters, stored as one small model.

use serde::{Deserialize, Serialize};

use super::{
    card,
    grid::{Grid, Positioned},
    place_cluster::{PlaceCluster, Venues, members_of},
    place_point::{PlacePoint, Weighting},
    sphere::{is_on_the_globe, unit_vector},
    stable_ids::{KnownCluster, ids_after},
    sweep::{K_MIN, SilhouetteSample, k_max, sweep},
};
use crate::{
    ModelCard, ModelError, Progress, Spot, TrainError, spherical_k_means::nearest, stored,
};

pub(super) const NAME: &str = "places";
/// The fewest venues with a position that are worth a map of clusters.
const VENUES_MIN: usize = 20;
/// Points for k-means. More venues are put together by a grid.
pub(super) const CELLS_MAX: usize = 20_000;
/// Points for density clusters: time grows with the square.
#[cfg(feature = "density")]
const DENSITY_CELLS_MAX: usize = 10_000;
/// Where clusters by density stop being parts of a map.
const DENSITY_CLUSTERS_MAX: usize = 10_000;

/// Clusters of venues: by venues and by people, for 2 to 40 clusters each, and beside them clusters by density.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlacesModel {
    by_venues: PlacePartitions,
    by_people: PlacePartitions,
    density: Option<DensityClusters>,
    venues: u32,
    left_out: u32,
}

/// The clusterings by one weighting.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct PlacePartitions {
    /// Into 2, 3 and so on.
    by_k: Vec<PlacePartition>,
    suggested_k: u32,
}

/// All venues in so many clusters.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct PlacePartition {
    clusters: Vec<PlaceCluster>,
    silhouette: Option<f64>,
    next_id: u32,
}

/// Clusters of venues that lie closer together than those around them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DensityClusters {
    /// The largest first. Their ids are their places in this list and do not stay when the model is trained again.
    pub clusters: Vec<PlaceCluster>,
    /// Venues that belong to none.
    pub noise: u32,
}

impl PlacesModel {
    /// Rises when the bytes or their meaning change.
    pub const FORMAT: u32 = 1;

    /// Learns from venues. Those at 0,0 or off the globe are left out and counted.
    ///
    /// `previous` is an earlier model: a cluster that is still the same place keeps its id, and centres stay where they were
    /// unless others are better by more than 1 %.
    ///
    /// # Errors
    ///
    /// [`TrainError::TooFew`] if fewer than 20 different spots are left.
    pub fn train(
        points: &[PlacePoint],
        previous: Option<&Self>,
        seed: u64,
        progress: &mut dyn Progress,
    ) -> Result<(Self, ModelCard), TrainError> {
        let positioned = Positioned::of(points);
        let grid = Grid::of(&positioned.points, CELLS_MAX);
        if grid.len() < VENUES_MIN {
            return Err(TrainError::TooFew {
                model: NAME,
                what: "venues in different spots",
                found: grid.len(),
                needed: VENUES_MIN,
            });
        }
        let venues = Venues::of(&positioned.points);
        let mut train = |weighting, stage, begin| {
            let earlier = previous.map(|previous| previous.partitions(weighting));
            let mut told =
                |done: f64, progress: &mut dyn Progress| progress.at(stage, begin + 0.4 * done);
            PlacePartitions::train(
                &venues, &grid, weighting, earlier, seed, &mut told, progress,
            )
        };
        let by_venues = train(Weighting::Venues, "clusters by venues", 0.0);
        let by_people = train(Weighting::People, "clusters by people", 0.4);
        progress.at("clusters by density", 0.8);
        let model = Self {
            by_venues,
            by_people,
            density: density(&venues),
            venues: positioned.points.len() as u32,
            left_out: positioned.at_zero + positioned.off_the_globe,
        };
        progress.at("test on venues held out", 0.9);
        let card = card::of(&positioned, &grid, &model, seed);
        progress.at("test on venues held out", 1.0);
        Ok((model, card))
    }

    /// The clusters for `k`, the heaviest first; none for a `k` that is not in [`PlacesModel::ks`].
    #[must_use]
    pub fn clusters(&self, weighting: Weighting, k: usize) -> Option<&[PlaceCluster]> {
        let partition = self.partitions(weighting).by_k.get(k.checked_sub(K_MIN)?)?;
        Some(&partition.clusters)
    }

    /// The mean silhouette of the clusters for `k`, by great-circle distance on a sample; none where it has no value.
    #[must_use]
    pub fn silhouette(&self, weighting: Weighting, k: usize) -> Option<f64> {
        self.partitions(weighting)
            .by_k
            .get(k.checked_sub(K_MIN)?)?
            .silhouette
    }

    /// The numbers of clusters that there are.
    #[must_use]
    pub fn ks(&self) -> std::ops::RangeInclusive<usize> {
        K_MIN..=K_MIN + self.by_venues.by_k.len() - 1
    }

    /// The number of clusters with the greatest silhouette.
    #[must_use]
    pub fn suggested_k(&self, weighting: Weighting) -> usize {
        self.partitions(weighting).suggested_k as usize
    }

    /// The cluster of those for `k` that a spot belongs to; none for a spot off the globe.
    #[must_use]
    pub fn nearest(&self, weighting: Weighting, k: usize, spot: Spot) -> Option<&PlaceCluster> {
        let clusters = self.clusters(weighting, k)?;
        if !is_on_the_globe(spot) {
            return None;
        }
        let centres: Vec<f64> = clusters
            .iter()
            .flat_map(|cluster| unit_vector(cluster.centre))
            .collect();
        clusters.get(nearest(&centres, &unit_vector(spot)).0)
    }

    /// Clusters by density; none if the program that trained was built without the feature `density`.
    #[must_use]
    pub fn density(&self) -> Option<&DensityClusters> {
        self.density.as_ref()
    }

    /// How many venues it was learnt from.
    #[must_use]
    pub fn venues(&self) -> u32 {
        self.venues
    }

    /// How many venues were left out: at 0,0 or off the globe.
    #[must_use]
    pub fn left_out(&self) -> u32 {
        self.left_out
    }

    fn partitions(&self, weighting: Weighting) -> &PlacePartitions {
        match weighting {
            Weighting::Venues => &self.by_venues,
            Weighting::People => &self.by_people,
        }
    }

    /// The model as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::to_bytes(Self::FORMAT, self)
    }

    /// Reads what [`PlacesModel::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] for bytes of another format, cut ones, more than there should be, or numbers that training would not
    /// have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let model: Self = stored::from_bytes(NAME, Self::FORMAT, bytes)?;
        model.check()?;
        Ok(model)
    }

    fn check(&self) -> Result<(), ModelError> {
        let wrong = |what| Err(ModelError::OutOfRange { model: NAME, what });
        for partitions in [&self.by_venues, &self.by_people] {
            let by_k = &partitions.by_k;
            if by_k.is_empty() || by_k.len() != self.by_venues.by_k.len() {
                return wrong("numbers of clusters");
            }
            if !self.ks().contains(&(partitions.suggested_k as usize)) {
                return wrong("suggestions");
            }
            for (k, partition) in (K_MIN..).zip(by_k) {
                if partition.clusters.len() != k || !partition.is_sound() {
                    return wrong("clusters");
                }
            }
        }
        let density = self.density.iter().flat_map(|density| &density.clusters);
        if density.clone().count() > DENSITY_CLUSTERS_MAX
            || !density.clone().all(PlaceCluster::is_sound)
        {
            return wrong("clusters by density");
        }
        Ok(())
    }
}

impl PlacePartitions {
    fn train(
        venues: &Venues<'_>,
        grid: &Grid,
        weighting: Weighting,
        previous: Option<&Self>,
        seed: u64,
        told: &mut dyn FnMut(f64, &mut dyn Progress),
        progress: &mut dyn Progress,
    ) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let sample = SilhouetteSample::draw(grid, weighting, &mut rng);
        let earlier = |k: usize| previous.and_then(|previous| previous.by_k.get(k - K_MIN));
        let earlier_centres = |k: usize| {
            let centres = earlier(k)?
                .clusters
                .iter()
                .flat_map(|cluster| unit_vector(cluster.centre));
            Some(centres.collect())
        };
        let all = sweep(
            grid.rows(weighting),
            k_max(grid.len()),
            &earlier_centres,
            &mut rng,
            told,
            progress,
        );
        let mut by_k: Vec<PlacePartition> = Vec::new();
        for (k, clustering) in (K_MIN..).zip(&all) {
            let members = members_of(grid, &clustering.cluster_of, k);
            let centres: Vec<_> = clustering
                .centres
                .chunks_exact(3)
                .map(|c| [c[0], c[1], c[2]])
                .collect();
            let mut clusters = venues.clusters(&members, &centres, weighting);
            clusters.sort_by(|a, b| b.share.total_cmp(&a.share));
            let next_id = give_ids(&mut clusters, earlier(k), by_k.last());
            by_k.push(PlacePartition {
                clusters,
                silhouette: sample.of(clustering),
                next_id,
            });
        }
        let suggested = by_k
            .iter()
            .enumerate()
            .rev()
            .max_by(|a, b| {
                a.1.silhouette
                    .unwrap_or(-1.0)
                    .total_cmp(&b.1.silhouette.unwrap_or(-1.0))
            })
            .map_or(0, |(index, _)| index);
        Self {
            by_k,
            suggested_k: (K_MIN + suggested) as u32,
        }
    }
}

/// Ids of the earlier model where there is one, else those of one cluster fewer, so that colours stay while the slider moves.
fn give_ids(
    clusters: &mut [PlaceCluster],
    earlier: Option<&PlacePartition>,
    fewer: Option<&PlacePartition>,
) -> u32 {
    let known: Vec<KnownCluster> = earlier
        .or(fewer)
        .iter()
        .flat_map(|partition| &partition.clusters)
        .map(|cluster| KnownCluster {
            id: cluster.id,
            centre: cluster.centre,
        })
        .collect();
    let centres: Vec<Spot> = clusters.iter().map(|cluster| cluster.centre).collect();
    let next_id = earlier.map_or(0, |earlier| earlier.next_id);
    let (ids, next_id) = ids_after(&known, &centres, earlier.is_some(), next_id);
    for (cluster, id) in clusters.iter_mut().zip(ids) {
        cluster.id = id;
    }
    next_id
}

impl PlacePartition {
    fn is_sound(&self) -> bool {
        let mut ids: Vec<u32> = self.clusters.iter().map(|cluster| cluster.id).collect();
        ids.sort_unstable();
        let are_different = ids.windows(2).all(|pair| pair[0] < pair[1]);
        are_different
            && ids.last().is_none_or(|&last| last < self.next_id)
            && self
                .silhouette
                .is_none_or(|silhouette| (-1.0..=1.0).contains(&silhouette))
            && self.clusters.iter().all(PlaceCluster::is_sound)
    }
}

#[cfg(feature = "density")]
fn density(venues: &Venues<'_>) -> Option<DensityClusters> {
    let grid = Grid::of(venues.points, DENSITY_CELLS_MAX);
    let (of_cells, _) = super::density::clusters(&grid);
    // A cell of no cluster keeps a number that no cluster has.
    let mut cluster_of_cell = vec![u32::MAX; grid.len()];
    for (cluster, cells) in of_cells.iter().take(DENSITY_CLUSTERS_MAX).enumerate() {
        for &cell in cells {
            cluster_of_cell[cell] = cluster as u32;
        }
    }
    let members = members_of(
        &grid,
        &cluster_of_cell,
        of_cells.len().min(DENSITY_CLUSTERS_MAX),
    );
    let centres: Vec<_> = members
        .iter()
        .map(|members| super::sphere::middle(members.iter().map(|&member| venues.vectors[member])))
        .collect();
    let mut clusters = venues.clusters(&members, &centres, Weighting::Venues);
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.venues));
    for (id, cluster) in (0..).zip(&mut clusters) {
        cluster.id = id;
    }
    let in_clusters: usize = members.iter().map(Vec::len).sum();
    Some(DensityClusters {
        clusters,
        noise: (venues.points.len() - in_clusters) as u32,
    })
}

#[cfg(not(feature = "density"))]
fn density(_venues: &Venues<'_>) -> Option<DensityClusters> {
    None
}
