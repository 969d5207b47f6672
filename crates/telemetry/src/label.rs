//! Labels whose values are closed lists, and metrics that have one series a value.

use std::marker::PhantomData;

use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};

/// What a metric is divided by.
pub trait Label: Copy + Send + Sync + 'static {
    /// The name of the label.
    const KEY: &'static str;
    /// Every value with its text: a metric has exactly one series for each.
    const VALUES: &'static [(Self, &'static str)];
}

/// One metric of a kind for every value of a label.
#[derive(Debug)]
pub struct Each<L, M> {
    metrics: Box<[M]>,
    label: PhantomData<L>,
}

/// Counters by a label.
pub type Counters<L> = Each<L, Counter>;
/// Gauges by a label.
pub type Gauges<L> = Each<L, Gauge>;
/// Histograms by a label.
pub type Histograms<L> = Each<L, Histogram>;

impl<L: Label, M> Each<L, M> {
    pub(crate) fn new(make: impl Fn(&'static str) -> M) -> Self {
        Self {
            metrics: L::VALUES.iter().map(|(_, text)| make(text)).collect(),
            label: PhantomData,
        }
    }

    /// The metric of a value.
    #[must_use]
    pub fn of(&self, value: L) -> &M {
        let same = |other: &L| std::mem::discriminant(other) == std::mem::discriminant(&value);
        let at = L::VALUES.iter().position(|(other, _)| same(other));
        &self.metrics[at.expect("a label lists all its values")]
    }
}
