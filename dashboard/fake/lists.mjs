// Whole lists of what is counted, searched, sorted and cut as the server does it.

const KINDS = {
  events: { id: 'event_id', name: 'name' },
  groups: { id: 'group_id', name: 'group' },
  venues: { id: 'venue_id', name: 'venue' },
  cities: { id: 'city', name: 'city' },
  topics: { id: 'topic', name: 'topic_name' },
  countries: { id: 'country', name: 'country' },
};
const FILTERS = { country: 'country', group: 'group_id', venue: 'venue_id', event: 'event_id' };

export function listOf(pathname) {
  const name = pathname.match(/^(?:\/api\/v1)?\/([a-z]+)(?:\.json)?$/)?.[1];
  const isApi = pathname.startsWith('/api/v1/') || pathname.endsWith('.json');
  return isApi && name in KINDS ? name : undefined;
}

/** The answer to a request for a list of these events. */
export function answerList(kind, events, query) {
  const wanted = events.filter((event) => event.yes + event.no > 0 && isLetThrough(event, query));
  const search = (query.get('q') ?? '').toLowerCase();
  const rows = rowsOf(kind, wanted).filter((row) =>
    [row.name, row.group, row.city].some((text) => text?.toLowerCase().includes(search)),
  );
  const sort = query.get('sort') ?? 'heads';
  const sign = (query.get('order') ?? (sort === 'name' ? 'asc' : 'desc')) === 'asc' ? 1 : -1;
  const key = (row) => row[sort] ?? 0;
  rows.sort((one, other) => {
    const first = sort === 'name' ? one.name.localeCompare(other.name) : key(one) - key(other);
    return sign * first || one.name.localeCompare(other.name) || (one.id < other.id ? -1 : 1);
  });
  const offset = Number(query.get('offset') ?? 0);
  const limit = Number(query.get('limit') ?? 100);
  return {
    as_of: { offsets: [], stream_time: null },
    total: rows.length,
    offset,
    rows: rows.slice(offset, offset + limit),
  };
}

function isLetThrough(event, query) {
  return Object.entries(FILTERS).every(([name, member]) => {
    const values = query.getAll(name).flatMap((value) => value.split(','));
    return values.length === 0 || values.includes(String(event[member]));
  });
}

function rowsOf(kind, events) {
  const { id, name } = KINDS[kind];
  const rows = new Map();
  for (const event of kind === 'topics' ? byTopic(events) : events) {
    if (event[id] === null) continue;
    const key = String(event[id]);
    const row = rows.get(key) ?? rows.set(key, rowOf(kind, key, event[name] ?? '', event)).get(key);
    row.yes += event.yes;
    row.no += event.no;
    row.heads += event.yes + event.guests;
    if (kind === 'events') row.recent = event.recent;
    else row.events = (row.events ?? 0) + 1;
  }
  return [...rows.values()];
}

function byTopic(events) {
  return events.flatMap((event) =>
    event.topics.map(({ urlkey, topic_name }) => ({ ...event, topic: urlkey, topic_name })),
  );
}

function rowOf(kind, id, name, { group, city, country, time }) {
  const row = { id, name, country, yes: 0, no: 0, maybe: 0, heads: 0 };
  if (kind === 'events') return { ...row, group, city, time: time ?? undefined };
  return kind === 'topics' || kind === 'countries' ? row : { ...row, city };
}
