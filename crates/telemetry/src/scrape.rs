//! Metrics that are computed for each scrape, from figures kept elsewhere.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use crate::registry::{MetricKind, parts};

/// Families in the order in which they were begun.
///
/// Labels may be names of users or of upstream here: they are escaped, and it is for the caller to
/// know how many there can be.
#[derive(Debug, Default)]
pub struct Scrape {
    families: Vec<Family>,
}

/// The samples of one name.
#[derive(Debug)]
pub struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricKind,
    samples: Vec<(Vec<(&'static str, String)>, SampleValue)>,
}

/// The value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SampleValue {
    /// A count.
    Whole(u64),
    /// A measure.
    Real(f64),
}

impl Scrape {
    /// Begins a counter; its samples follow. Its name ends with `_total`.
    pub fn counter(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.family(name, help, MetricKind::Counter)
    }

    /// Begins a gauge; its samples follow.
    pub fn gauge(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.family(name, help, MetricKind::Gauge)
    }

    fn family(&mut self, name: &'static str, help: &'static str, kind: MetricKind) -> &mut Family {
        self.families.push(Family {
            name,
            help,
            kind,
            samples: Vec::new(),
        });
        self.families.last_mut().expect("it was put there just now")
    }
}

impl Family {
    /// Adds a sample.
    pub fn sample(
        &mut self,
        labels: &[(&'static str, &str)],
        value: impl Into<SampleValue>,
    ) -> &mut Self {
        let labels = labels.iter().map(|(key, text)| (*key, (*text).to_owned()));
        self.samples.push((labels.collect(), value.into()));
        self
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (stem, _) = parts(self.name, self.kind);
        let kind = match self.kind {
            MetricKind::Counter => MetricType::Counter,
            MetricKind::Gauge | MetricKind::Histogram => MetricType::Gauge,
        };
        let mut encoder = encoder.encode_descriptor(stem, self.help, None, kind)?;
        for (labels, value) in &self.samples {
            self.value(*value, encoder.encode_family(&labels.as_slice())?)?;
        }
        Ok(())
    }

    fn value(&self, value: SampleValue, encoder: MetricEncoder<'_>) -> fmt::Result {
        match (self.kind, value) {
            (MetricKind::Counter, SampleValue::Whole(value)) => {
                ConstCounter::new(value).encode(encoder)
            }
            (MetricKind::Counter, SampleValue::Real(value)) => {
                ConstCounter::new(value).encode(encoder)
            }
            (_, SampleValue::Whole(value)) => ConstGauge::new(value).encode(encoder),
            (_, SampleValue::Real(value)) => ConstGauge::new(value).encode(encoder),
        }
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.families
            .iter()
            .try_for_each(|family| family.encode(&mut encoder))
    }
}

impl From<u8> for SampleValue {
    fn from(value: u8) -> Self {
        Self::Whole(value.into())
    }
}

impl From<u64> for SampleValue {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<usize> for SampleValue {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<f64> for SampleValue {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}
