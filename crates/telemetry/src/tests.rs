//! What is written, and what cannot be declared.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

#[derive(Clone, Copy)]
enum Lane {
    Tables,
    Steps,
}

impl Label for Lane {
    const KEY: &'static str = "lane";
    const VALUES: &'static [(Self, &'static str)] =
        &[(Self::Tables, "tables"), (Self::Steps, "steps")];
}

fn text(registry: &Registry) -> String {
    let mut text = String::new();
    registry.write(&mut text);
    text
}

#[test]
fn everything_declared_is_written_with_its_help_and_every_series() {
    let registry = Registry::new();
    let bytes = registry.counter("headcount_x_bytes_total", "Bytes written.");
    let depth = registry.gauges::<Lane>("headcount_depth", "Things that wait.");
    let times = registry.histograms::<Lane>("headcount_x_seconds", "Seconds a write took.");
    bytes.inc_by(7);
    depth.of(Lane::Steps).set(3);
    times.of(Lane::Tables).observe(0.002);
    let text = text(&registry);
    for line in [
        "# HELP headcount_x_bytes_total Bytes written.",
        "# TYPE headcount_x_bytes_total counter",
        "headcount_x_bytes_total 7",
        "# TYPE headcount_depth gauge",
        "headcount_depth{lane=\"tables\"} 0",
        "headcount_depth{lane=\"steps\"} 3",
        "# TYPE headcount_x_seconds histogram",
        "headcount_x_seconds_bucket{lane=\"tables\",le=\"0.001\"} 0",
        "headcount_x_seconds_bucket{lane=\"tables\",le=\"0.0025\"} 1",
        "headcount_x_seconds_bucket{lane=\"tables\",le=\"+Inf\"} 1",
        "headcount_x_seconds_sum{lane=\"tables\"} 0.002",
        "headcount_x_seconds_count{lane=\"steps\"} 0",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line}\nis not in\n{text}"
        );
    }
    let described = registry.descriptions();
    let of = |name: &str| {
        described
            .iter()
            .find(|known| known.name == name)
            .expect("declared")
    };
    assert_eq!(of("headcount_x_bytes_total").unit, Some("bytes"));
    assert_eq!(of("headcount_x_seconds").kind, MetricKind::Histogram);
    assert_eq!(
        (of("headcount_depth").unit, of("headcount_depth").series),
        (None, 2)
    );
}

#[test]
fn shares_add_up_and_are_taken_back() {
    let registry = Registry::new();
    let gauge = registry.gauge("headcount_depth", "Things that wait.");
    let (one, other) = (Share::of(&gauge), Share::of(&gauge));
    one.set(5);
    other.set(7);
    one.set(2);
    assert_eq!(gauge.get(), 9);
    drop(other);
    assert_eq!(gauge.get(), 2);
}

#[test]
fn what_is_no_name_cannot_be_declared() {
    for (name, help) in [
        ("headcount_x", "A counter without its ending."),
        ("headcount_X_total", "A capital."),
        ("x_total", "Another program's."),
        ("headcount_x__y_total", "Two in a row."),
        ("headcount_x_total", "no sentence"),
        ("headcount_twice_total", "Declared before."),
    ] {
        let registry = Registry::new();
        registry.counter("headcount_twice_total", "Declared first.");
        let declared = catch_unwind(AssertUnwindSafe(|| registry.counter(name, help)));
        assert!(declared.is_err(), "{name}: {help}");
        assert_eq!(registry.descriptions().len(), 1, "{name}");
    }
    for declare in [
        |registry: &Registry| drop(registry.gauge("headcount_x_total", "A gauge that grows.")),
        |registry: &Registry| drop(registry.histogram("headcount_x", "Without its unit.")),
    ] {
        assert!(catch_unwind(|| declare(&Registry::new())).is_err());
    }
}

#[test]
fn labels_cannot_forge_lines() {
    let mut scrape = Scrape::default();
    scrape
        .counter("headcount_a_total", "What it is.")
        .sample(&[("source", "x\"} 9\nb_total 1\\")], 2_u64)
        .sample(&[], 0.5);
    scrape
        .gauge("headcount_b_seconds", "What is.")
        .sample(&[("a", "b"), ("c", "d")], 7.5);
    scrape.gauge("headcount_nothing", "Without a sample.");
    let mut text = String::new();
    scrape.write(&mut text);
    assert_eq!(
        text,
        "# HELP headcount_a_total What it is.\n# TYPE headcount_a_total counter\n\
         headcount_a_total{source=\"x\\\"} 9\\nb_total 1\\\\\"} 2\nheadcount_a_total 0.5\n\
         # HELP headcount_b_seconds What is.\n# TYPE headcount_b_seconds gauge\n\
         headcount_b_seconds{a=\"b\",c=\"d\"} 7.5\n\
         # HELP headcount_nothing Without a sample.\n# TYPE headcount_nothing gauge\n"
    );
}

#[test]
fn the_registry_of_the_process_is_one() {
    let counter = global().counter("headcount_test_total", "Of this test.");
    counter.inc();
    assert!(text(global()).contains("headcount_test_total 1\n"));
}
