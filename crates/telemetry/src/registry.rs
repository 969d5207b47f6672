//! Where metrics are declared, and from where they are written.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use prometheus_client::{
    encoding::prometheus_text,
    metrics::{counter::Counter, family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry as Inner, Unit},
};

use crate::{
    label::{Counters, Each, Gauges, Histograms, Label},
    scrape::Scrape,
};

/// Upper bounds of the buckets of a histogram of seconds, from a quarter of a millisecond, which is
/// a quick answer, to a minute, which is a checkpoint of a slow lake.
const SECONDS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    30.0, 60.0,
];

/// The registry of the process.
static GLOBAL: LazyLock<Registry> = LazyLock::new(Registry::new);

/// The registry of the process, for rooms that are opened in many places. What has a life of its
/// own, such as a server of which tests start several, has a [`Registry`] of its own.
#[must_use]
pub fn global() -> &'static Registry {
    &GLOBAL
}

/// Metrics that are shown together.
#[derive(Debug, Default)]
pub struct Registry {
    declared: Mutex<DeclaredMetrics>,
}

#[derive(Debug, Default)]
struct DeclaredMetrics {
    inner: Inner,
    descriptions: Vec<MetricDescription>,
}

/// What is known of a metric before it counts anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricDescription {
    /// As on `/metrics`.
    pub name: &'static str,
    /// A sentence for people who have never seen the program.
    pub help: &'static str,
    /// What it does.
    pub kind: MetricKind,
    /// The base unit, if it does not just count things.
    pub unit: Option<&'static str>,
    /// How many series it has.
    pub series: usize,
}

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows; its name ends with `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations by size.
    Histogram,
}

impl Registry {
    /// Without metrics.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a counter. Its name ends with `_total`.
    ///
    /// # Panics
    /// As all declarations do, when the name is not one (see [the crate](crate)) or declared already.
    pub fn counter(&self, name: &'static str, help: &'static str) -> Counter {
        self.one(name, help, MetricKind::Counter, Counter::default())
    }

    /// Declares a counter for every value of a label.
    ///
    /// # Panics
    /// As [`counter`](Self::counter).
    pub fn counters<L: Label>(&self, name: &'static str, help: &'static str) -> Counters<L> {
        self.each(name, help, MetricKind::Counter, Counter::default)
    }

    /// Declares a gauge.
    ///
    /// # Panics
    /// As [`counter`](Self::counter).
    pub fn gauge(&self, name: &'static str, help: &'static str) -> Gauge {
        self.one(name, help, MetricKind::Gauge, Gauge::default())
    }

    /// Declares a gauge for every value of a label.
    ///
    /// # Panics
    /// As [`counter`](Self::counter).
    pub fn gauges<L: Label>(&self, name: &'static str, help: &'static str) -> Gauges<L> {
        self.each(name, help, MetricKind::Gauge, Gauge::default)
    }

    /// Declares a histogram of seconds. Its name ends with `_seconds`.
    ///
    /// # Panics
    /// As [`counter`](Self::counter).
    pub fn histogram(&self, name: &'static str, help: &'static str) -> Histogram {
        self.one(name, help, MetricKind::Histogram, Histogram::new(SECONDS))
    }

    /// Declares a histogram of seconds for every value of a label.
    ///
    /// # Panics
    /// As [`counter`](Self::counter).
    pub fn histograms<L: Label>(&self, name: &'static str, help: &'static str) -> Histograms<L> {
        self.each(name, help, MetricKind::Histogram, || {
            Histogram::new(SECONDS)
        })
    }

    /// Writes all of it in the format of [`CONTENT_TYPE`](crate::CONTENT_TYPE).
    pub fn write(&self, out: &mut String) {
        let declared = self.lock();
        prometheus_text::encode(out, &declared.inner).expect("a String takes every character");
    }

    /// What was declared, in that order.
    #[must_use]
    pub fn descriptions(&self) -> Vec<MetricDescription> {
        self.lock().descriptions.clone()
    }

    fn one<M: Metric + Clone>(
        &self,
        name: &'static str,
        help: &'static str,
        kind: MetricKind,
        metric: M,
    ) -> M {
        self.declare(name, help, kind, 1, metric.clone());
        metric
    }

    fn each<L: Label, M>(
        &self,
        name: &'static str,
        help: &'static str,
        kind: MetricKind,
        make: fn() -> M,
    ) -> Each<L, M>
    where
        M: Metric + Clone + prometheus_client::metrics::TypedMetric,
        family::Family<[(&'static str, &'static str); 1], M, fn() -> M>: Metric,
    {
        let series = family::Family::new_with_constructor(make);
        let each = Each::new(|text| series.get_or_create_owned(&[(L::KEY, text)]));
        self.declare(name, help, kind, L::VALUES.len(), series);
        each
    }

    fn declare(
        &self,
        name: &'static str,
        help: &'static str,
        kind: MetricKind,
        series: usize,
        metric: impl Metric,
    ) {
        let (stem, unit) = parts(name, kind);
        let mut declared = self.lock();
        let is_new = declared.descriptions.iter().all(|other| other.name != name);
        assert!(is_new, "{name} is declared twice");
        // The library ends the sentence.
        let sentence = help.strip_suffix('.');
        let sentence = sentence.unwrap_or_else(|| panic!("the help of {name} is no sentence"));
        match unit {
            Some(unit) => {
                let base = Unit::Other(unit.to_owned());
                let stem = &stem[..stem.len() - unit.len() - 1];
                declared
                    .inner
                    .register_with_unit(stem, sentence, base, metric);
            }
            None => declared.inner.register(stem, sentence, metric),
        }
        declared.descriptions.push(MetricDescription {
            name,
            help,
            kind,
            unit,
            series,
        });
    }

    fn lock(&self) -> MutexGuard<'_, DeclaredMetrics> {
        // A declaration that panics adds nothing.
        self.declared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name without what the library appends, and its unit.
///
/// # Panics
/// When it is not a name of the kind.
pub(crate) fn parts(name: &'static str, kind: MetricKind) -> (&'static str, Option<&'static str>) {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(
        name.starts_with("headcount_") && name.bytes().all(legal) && !name.contains("__"),
        "{name} is not a name for a metric"
    );
    let total = name.strip_suffix("_total");
    assert_eq!(
        total.is_some(),
        kind == MetricKind::Counter,
        "{name}: counters, and only they, end with _total"
    );
    let stem = total.unwrap_or(name);
    let unit = ["seconds", "bytes", "ratio"].into_iter().find(|unit| {
        stem.strip_suffix(unit)
            .is_some_and(|rest| rest.ends_with('_'))
    });
    assert!(
        kind != MetricKind::Histogram || unit == Some("seconds"),
        "{name}: the buckets are seconds"
    );
    (stem, unit)
}

impl Scrape {
    /// Writes all of it in the format of [`CONTENT_TYPE`](crate::CONTENT_TYPE).
    pub fn write(self, out: &mut String) {
        let mut inner = Inner::default();
        inner.register_collector(Box::new(self));
        prometheus_text::encode(out, &inner).expect("a String takes every character");
    }
}
