//! The account of every record received, out of the summary of the live counts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::error::ReportError;

/// The accounts of all sources and their sum.
#[derive(Deserialize)]
pub(super) struct ReportLedger {
    #[serde(flatten)]
    pub(super) all: LedgerAccount,
    pub(super) balanced: bool,
    #[serde(default)]
    pub(super) sources: BTreeMap<String, LedgerAccount>,
}

/// What became of the records of a source.
#[derive(Clone, Deserialize)]
pub(super) struct LedgerAccount {
    pub(super) received: u64,
    pub(super) kept: u64,
    pub(super) rejected: BTreeMap<String, u64>,
    pub(super) new: u64,
    pub(super) replaced: u64,
    pub(super) repeated: u64,
    pub(super) stale: u64,
    pub(super) quarantined: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) gaps: u64,
}

impl ReportLedger {
    pub(super) fn of(summary: &Value) -> Result<Option<Self>, ReportError> {
        match summary.get("ledger") {
            None | Some(Value::Null) => Ok(None),
            Some(ledger) => Self::deserialize(ledger)
                .map(Some)
                .map_err(ReportError::Ledger),
        }
    }
}

impl LedgerAccount {
    /// Whether both equations hold.
    pub(super) fn balances(&self) -> bool {
        self.received == self.kept + sum(&self.rejected)
            && self.kept
                == self.new + self.replaced + self.repeated + self.stale + sum(&self.quarantined)
    }
}

/// Of all reasons.
pub(super) fn sum(reasons: &BTreeMap<String, u64>) -> u64 {
    reasons.values().sum()
}
