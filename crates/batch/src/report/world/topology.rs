//! TopoJSON, as far as the page's map needs it: arcs that neighbours share, in steps of a grid
//! (<https://github.com/topojson/topojson-specification>).

use std::collections::BTreeMap;

use serde::Deserialize;

/// Longitudes and latitudes of a line.
pub(super) type Ring = Vec<(f64, f64)>;

#[derive(Deserialize)]
pub(super) struct Atlas {
    transform: Transform,
    objects: TopologyObjects,
    arcs: Vec<Vec<(i64, i64)>>,
    /// Countries too small to be seen, and where their dots belong.
    pub(super) small: BTreeMap<String, (f64, f64)>,
}

#[derive(Deserialize)]
struct Transform {
    scale: (f64, f64),
    translate: (f64, f64),
}

#[derive(Deserialize)]
struct TopologyObjects {
    countries: Collection,
}

#[derive(Deserialize)]
struct Collection {
    geometries: Vec<Country>,
}

#[derive(Deserialize)]
pub(super) struct Country {
    pub(super) id: Option<String>,
    #[serde(default)]
    properties: Properties,
    #[serde(flatten)]
    geometry: Geometry,
}

#[derive(Default, Deserialize)]
struct Properties {
    centre: Option<(f64, f64)>,
}

/// Rings are lists of arcs; one below zero is the complement of an arc that runs backwards.
#[derive(Deserialize)]
#[serde(tag = "type", content = "arcs")]
enum Geometry {
    Polygon(Vec<Vec<i64>>),
    MultiPolygon(Vec<Vec<Vec<i64>>>),
}

impl Country {
    pub(super) fn centre(&self) -> Option<(f64, f64)> {
        self.properties.centre
    }

    /// Polygons of rings, the outer ring first.
    pub(super) fn polygons(&self, atlas: &Atlas) -> Vec<Vec<Ring>> {
        let ring = |arcs: &Vec<i64>| atlas.joined(arcs);
        self.rings()
            .map(|polygon| polygon.iter().map(ring).collect())
            .collect()
    }

    fn rings(&self) -> Box<dyn Iterator<Item = &Vec<Vec<i64>>> + '_> {
        match &self.geometry {
            Geometry::Polygon(rings) => Box::new(std::iter::once(rings)),
            Geometry::MultiPolygon(polygons) => Box::new(polygons.iter()),
        }
    }
}

impl Atlas {
    pub(super) fn countries(&self) -> impl Iterator<Item = &Country> {
        self.objects.countries.geometries.iter()
    }

    /// The arcs that two countries share.
    pub(super) fn borders(&self) -> Vec<Ring> {
        let mut owners: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, country) in self.countries().enumerate() {
            for arc in country.rings().flatten().flatten() {
                owners.entry(index(*arc)).or_default().push(number);
            }
        }
        let shared = owners
            .iter()
            .filter(|(_, by)| by.iter().any(|owner| *owner != by[0]));
        shared.map(|(arc, _)| self.arc(*arc)).collect()
    }

    /// Arcs end where the next ones begin.
    fn joined(&self, arcs: &[i64]) -> Ring {
        let mut ring = Ring::new();
        for &arc in arcs {
            let mut points = self.arc(index(arc));
            if arc < 0 {
                points.reverse();
            }
            let known = usize::from(!ring.is_empty());
            ring.extend(points.into_iter().skip(known));
        }
        ring
    }

    fn arc(&self, arc: usize) -> Ring {
        let Transform { scale, translate } = &self.transform;
        let steps = self.arcs.get(arc).map_or(&[][..], Vec::as_slice);
        let mut at = (0, 0);
        let points = steps.iter().map(|step| {
            at = (at.0 + step.0, at.1 + step.1);
            (
                at.0 as f64 * scale.0 + translate.0,
                at.1 as f64 * scale.1 + translate.1,
            )
        });
        points.collect()
    }
}

fn index(arc: i64) -> usize {
    (if arc < 0 { !arc } else { arc }) as usize
}
