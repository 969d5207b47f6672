//! The events of the stream, byte by byte. Names of members are a contract with the page.

use std::collections::BTreeMap;

use bytes::Bytes;
use headcount_clock::now_ms;
use headcount_engine::{
    CityRow, CountryRow, Dot, Filter, History, TopicRow, Totals, TrendingRow, VenueRow, View,
};
use headcount_query::{ConnectionState, Readiness, SourceKind, SourceStatus};
use serde::Serialize;

use super::pulses::Flash;
use crate::http::json;

/// A snapshot has every member but `pulses`; a tick has those that changed.
#[derive(Default, Serialize)]
pub(super) struct LiveMessage<'a> {
    pub(super) seq: u64,
    pub(super) at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) build: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filter: Option<&'a Filter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream_time: Option<&'a Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) totals: Option<&'a Totals>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) all: Option<All>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) countries: Option<&'a Vec<CountryRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cities: Option<&'a Vec<CityRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topics: Option<&'a Vec<TopicRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) venues: Option<&'a Vec<VenueRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trending: Option<&'a Vec<TrendingRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) history: Option<&'a History>,
    /// Of a tick: from the first window that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) history_changes: Option<History>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dots: Option<&'a Vec<Dot>>,
    /// Of a tick: those whose figure changed, 0 where a dot is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dots_changes: Option<Vec<Dot>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Vec<SourceRow<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ready: Option<ReadyRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) notice: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ledger: Option<LedgerRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pulses: Option<Vec<Flash>>,
}

/// The unfiltered figures, for "of 173,494".
#[derive(PartialEq, Serialize)]
pub(super) struct All {
    rsvps: u64,
}

#[derive(PartialEq, Serialize)]
pub(super) struct SourceRow<'a> {
    state: ConnectionState,
    name: &'a str,
    #[serde(flatten)]
    kind: SourceKind,
    last_record_at: Option<i64>,
    gaps: u64,
    error: Option<&'a str>,
    /// What else somebody should know, as a sentence.
    notice: Option<&'a str>,
}

/// Whether figures are counted and served, and if not, why.
#[derive(PartialEq, Serialize)]
pub(super) struct ReadyRow<'a> {
    state: &'static str,
    reason: Option<&'a str>,
}

#[derive(PartialEq, Serialize)]
pub(super) struct LedgerRow {
    received: u64,
    kept: u64,
    rejected: u64,
    balanced: bool,
    /// Of answers: records that are, those that told nothing new, and those that changed an answer. What is left of them
    /// is `all.rsvps`, but for answers that were taken back.
    answers: u64,
    repeats: u64,
    changes: u64,
}

#[derive(Serialize)]
struct Ping<'a> {
    at: i64,
    seq: u64,
    sources: BTreeMap<&'a str, SourceRow<'a>>,
}

impl All {
    pub(super) fn of(view: &View) -> Self {
        Self {
            rsvps: view.all_rsvps,
        }
    }
}

impl<'a> SourceRow<'a> {
    pub(super) fn all(sources: &'a [SourceStatus]) -> Vec<Self> {
        sources.iter().map(Self::of).collect()
    }

    fn of(source: &'a SourceStatus) -> Self {
        Self {
            state: source.state,
            name: &source.name,
            kind: source.kind,
            last_record_at: source.last_record_at,
            gaps: source.gaps,
            error: source.error.as_deref(),
            notice: source.notice.as_deref(),
        }
    }

    /// Whether both are equal except for the time of the last record, which changes all the time.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let last_record_at = self.last_record_at;
        *self
            == Self {
                last_record_at,
                ..*other
            }
    }
}

impl<'a> ReadyRow<'a> {
    pub(super) fn of(readiness: &'a Readiness) -> Self {
        Self {
            state: readiness.word(),
            reason: readiness.reason(),
        }
    }
}

impl LedgerRow {
    pub(super) fn of(view: &View) -> Self {
        let account = &view.ledger.all;
        Self {
            received: account.received,
            kept: account.kept,
            rejected: account.rejected.values().sum(),
            balanced: view.ledger.balanced,
            answers: view.records,
            repeats: view.kinds.ignored,
            changes: view.kinds.replaced,
        }
    }
}

/// Says that the connection lives, and how the sources are, also while no figure changes.
pub(super) fn ping(seq: u64, sources: &[SourceStatus]) -> Bytes {
    let sources = sources
        .iter()
        .map(|source| (source.name.as_str(), SourceRow::of(source)))
        .collect();
    event(
        "ping",
        seq,
        &Ping {
            at: now_ms(),
            seq,
            sources,
        },
    )
}

/// JSON has no line ends of its own, so an event's data is one line.
pub(super) fn event(name: &str, seq: u64, data: &impl Serialize) -> Bytes {
    let mut bytes = format!("id: {seq}\nevent: {name}\ndata: ").into_bytes();
    json::append(&mut bytes, data);
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}
