//! From the data to the file.

use askama::Template;

use super::{
    boards::{self, BoardSection, COLUMN_HEIGHT, Shape},
    data::ReportData,
    error::ReportError,
    figures,
    ledger::{LedgerAccount, ReportLedger, sum},
    map::Map,
    style,
    text::shown,
    trend::{self, ReportTrend},
    words,
};

/// Sources in the ledger's table.
const SOURCES_MAX: usize = 20;
/// The chart over time, in units of its own; it is stretched to the room there is.
const CHART: (f64, f64) = (1_000.0, 200.0);

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage<'a> {
    title: String,
    place: String,
    policy: String,
    style: String,
    chosen: Vec<(&'static str, String)>,
    as_of: String,
    range: String,
    stats: Vec<Stat>,
    going: Going,
    rsvps: String,
    map: Map,
    chart: Option<ChartSvg>,
    sections: Vec<BoardSection>,
    empty: String,
    ledger: Option<Books>,
    offsets: &'a [u64],
    version: &'static str,
}

struct Stat {
    label: &'static str,
    figure: String,
    note: String,
}

struct Going {
    percent: String,
    yes: String,
    no: String,
    maybe: Option<String>,
    yes_width: String,
    no_left: String,
    no_width: String,
    words: String,
}

struct ChartSvg {
    step: &'static str,
    range: String,
    note: String,
    yes: String,
    all: String,
    /// Figures, and how far from the top their lines are: on the paths' scale, and in per cent.
    lines: Vec<(String, f64, String)>,
    /// Times and how far from the left they are, in per cent.
    times: Vec<(String, String)>,
}

struct Books {
    is_balanced: bool,
    account: WrittenReport,
    rejected: Vec<(String, String)>,
    quarantined: Vec<(String, String)>,
    sources: Vec<(String, WrittenReport)>,
    more: usize,
}

/// An account in figures.
struct WrittenReport {
    received: String,
    rejected: String,
    kept: String,
    new: String,
    replaced: String,
    repeated: String,
    stale: String,
    quarantined: String,
    gaps: String,
    balances: bool,
}

/// Writes the file.
pub(super) fn write(data: &ReportData) -> Result<String, ReportError> {
    let place = place(data);
    let title = format!("headcount report: {place}");
    let as_of = data
        .as_of
        .stream_time
        .or(data.totals.range.map(|(_, last)| last));
    let as_of = as_of.map_or("before the first answer".to_owned(), figures::moment);
    let style = style::style(&title, &format!("as of {as_of}"));
    let (sections, empty) = boards::sections(data)?;
    let page = ReportPage {
        policy: style::policy(&style),
        style,
        title,
        place,
        chosen: words::chosen(&data.filters),
        as_of,
        range: data
            .totals
            .range
            .map_or("no answers".to_owned(), |(first, last)| {
                figures::span(first, last)
            }),
        rsvps: figures::count(data.totals.rsvps),
        stats: stats(data),
        going: Going::of(data),
        map: Map::of(data),
        chart: data
            .trend
            .as_ref()
            .map(|trend| ChartSvg::of(trend, data.totals.rsvps)),
        sections,
        empty: empty.join(", "),
        ledger: data.ledger.as_ref().map(Books::of),
        offsets: &data.as_of.offsets,
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(page.render()?)
}

fn place(data: &ReportData) -> String {
    let countries = &data.filters.countries;
    match countries.len() {
        0 => "worldwide".to_owned(),
        1 | 2 => countries
            .iter()
            .map(|code| words::country(code))
            .collect::<Vec<_>>()
            .join(" and "),
        count => format!("{count} countries"),
    }
}

fn stats(data: &ReportData) -> Vec<Stat> {
    let totals = &data.totals;
    let stat = |label, figure, note| Stat {
        label,
        figure: figures::count(figure),
        note,
    };
    vec![
        stat(
            "People",
            totals.people,
            format!("with {} guests", figures::count(totals.guests)),
        ),
        stat(
            "Events",
            totals.events,
            format!("of {} groups", figures::count(totals.groups)),
        ),
        stat(
            "Venues",
            totals.venues,
            format!("in {} cities", figures::count(totals.cities)),
        ),
        stat(
            "Countries",
            totals.countries,
            format!("{} members", figures::count(totals.members)),
        ),
    ]
}

impl Going {
    fn of(data: &ReportData) -> Self {
        let totals = &data.totals;
        let part = |count: u64| 100.0 * count as f64 / totals.rsvps.max(1) as f64;
        let others = totals.no + totals.maybe;
        let gap = if totals.yes > 0 && others > 0 {
            0.4
        } else {
            0.0
        };
        Self {
            percent: figures::percent(totals.yes, totals.rsvps),
            yes: figures::count(totals.yes),
            no: figures::count(totals.no),
            maybe: (totals.maybe > 0).then(|| figures::count(totals.maybe)),
            yes_width: format!("{:.2}%", part(totals.yes)),
            no_left: format!("{:.2}%", part(totals.yes) + gap),
            no_width: format!("{:.2}%", (part(others) - gap).max(0.0)),
            words: format!(
                "{} yes, {} no",
                figures::share(totals.yes, totals.rsvps),
                figures::share(totals.no, totals.rsvps)
            ),
        }
    }
}

impl ChartSvg {
    fn of(trend: &ReportTrend, rsvps: u64) -> Self {
        let (most, apart) = trend::scale(trend.most());
        let height = |count: u64| CHART.1 * (1.0 - count as f64 / most as f64);
        let all: Vec<_> = trend
            .yes
            .iter()
            .zip(&trend.others)
            .map(|(yes, others)| yes + others)
            .collect();
        let lines = (0..=most / apart).map(|number| number * apart);
        let shown = trend.sum();
        let note = if shown < rsvps {
            format!(
                "{} of {} answers, the others are from before or after",
                figures::count(shown),
                figures::count(rsvps)
            )
        } else {
            String::new()
        };
        Self {
            step: trend.step,
            range: figures::span(trend.start, trend.end()),
            note,
            yes: area(&trend.yes, height),
            all: area(&all, height),
            lines: lines
                .map(|count| {
                    (
                        figures::count(count),
                        height(count),
                        format!("{:.2}%", 100.0 * height(count) / CHART.1),
                    )
                })
                .collect(),
            times: trend
                .labels()
                .into_iter()
                .map(|(at, time)| (time, format!("{:.2}%", 100.0 * at)))
                .collect(),
        }
    }
}

/// The `d` of the area below a line.
fn area(counts: &[u64], height: impl Fn(u64) -> f64) -> String {
    let apart = CHART.0 / (counts.len() as f64 - 1.0).max(1.0);
    let points = counts.iter().enumerate();
    let points: Vec<_> = points
        .map(|(number, count)| format!("{:.1} {:.1}", apart * number as f64, height(*count)))
        .collect();
    format!("M0 {1}L{0}L{2} {1}z", points.join(" "), CHART.1, CHART.0)
}

impl Books {
    fn of(ledger: &ReportLedger) -> Self {
        let mut sources: Vec<_> = ledger.sources.iter().collect();
        sources.sort_by(|a, b| b.1.received.cmp(&a.1.received).then_with(|| a.0.cmp(b.0)));
        let more = sources.len().saturating_sub(SOURCES_MAX);
        sources.truncate(SOURCES_MAX);
        let reasons = |reasons: &std::collections::BTreeMap<String, u64>| {
            let mut reasons: Vec<_> = reasons.iter().collect();
            reasons.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
            let words = |code: &str| {
                shown(code, "no reason")
                    .replace('_', " ")
                    .replace(':', ": ")
            };
            reasons
                .into_iter()
                .map(|(code, count)| (words(code), figures::full(*count)))
                .collect()
        };
        Self {
            is_balanced: ledger.balanced
                && ledger.all.balances()
                && ledger.sources.values().all(LedgerAccount::balances),
            account: WrittenReport::of(&ledger.all),
            rejected: reasons(&ledger.all.rejected),
            quarantined: reasons(&ledger.all.quarantined),
            sources: sources
                .into_iter()
                .map(|(name, account)| (shown(name, "no name"), WrittenReport::of(account)))
                .collect(),
            more,
        }
    }
}

impl WrittenReport {
    fn of(account: &LedgerAccount) -> Self {
        Self {
            received: figures::full(account.received),
            rejected: figures::full(sum(&account.rejected)),
            kept: figures::full(account.kept),
            new: figures::full(account.new),
            replaced: figures::full(account.replaced),
            repeated: figures::full(account.repeated),
            stale: figures::full(account.stale),
            quarantined: figures::full(sum(&account.quarantined)),
            gaps: figures::full(account.gaps),
            balances: account.balances(),
        }
    }
}
