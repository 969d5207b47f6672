//! What partitions know of sources, from which ingesting goes on.

use headcount_engine::{Declared, Partition};
use headcount_record::Control;

/// What a partition knows of sources.
pub(crate) struct Known {
    /// Names by number.
    pub(crate) names: Vec<(u16, String)>,
    pub(crate) positions: Vec<serde_json::Value>,
    /// What has been declared of the schemas of records.
    pub(crate) schemas: Vec<Declared>,
}

impl Known {
    /// From the bodies of position controls, as a journal keeps them.
    pub(crate) fn of_bodies(bodies: &[Vec<u8>]) -> Self {
        let positions = bodies
            .iter()
            .filter_map(|body| match Control::from_body(body) {
                Ok(Control::Position { position, .. }) => Some(position),
                _ => None,
            });
        Self {
            names: Vec::new(),
            positions: positions.collect(),
            schemas: Vec::new(),
        }
    }

    pub(crate) fn of(partition: &Partition) -> Self {
        Self {
            names: partition
                .sources()
                .iter()
                .map(|(number, state)| (*number, state.name.clone()))
                .collect(),
            positions: partition.positions().values().cloned().collect(),
            schemas: partition.schemas().to_vec(),
        }
    }
}
