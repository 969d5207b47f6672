// What GET /api/v1/status answers, of one process.

export function statusOf(figures) {
  const { ledger, stream_time, source, totals } = figures.view([]);
  const account = {
    received: ledger.received,
    kept: ledger.kept,
    rejected: {},
    new: totals.rsvps,
    replaced: 0,
    repeated: ledger.kept - totals.rsvps,
    stale: 0,
    quarantined: {},
    gaps: 0,
  };
  const sources = source.map((known) => ({ ...known, reconnects: 0 }));
  return {
    at: Date.now(),
    version: '0.0.0',
    build: 'fake',
    ready: 'ready',
    doing: null,
    disk: { level: 'enough', free_bytes: 37_500_000_000, total_bytes: 100_000_000_000, notice: null },
    sources,
    rate: totals.rate,
    ledger: {
      ...account,
      balanced: true,
      late: 0,
      ahead: 0,
      sources: Object.fromEntries(sources.map(({ name }) => [name, account])),
    },
    as_of: { offsets: [ledger.kept], stream_time },
    cluster: null,
  };
}
