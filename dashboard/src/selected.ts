// Parts of the figures. Each changes only when its own member does, so a panel is drawn anew only then.

import { computed } from '@preact/signals';
import type { Snapshot } from './contract';
import { figures } from './live';

function member<K extends keyof Snapshot>(name: K) {
  return computed<Snapshot[K] | undefined>(() => figures.value?.[name]);
}

export const totals = member('totals');
export const all = member('all');
export const countryRows = member('countries');
export const cityRows = member('cities');
export const topicRows = member('topics');
export const venueRows = member('venues');
export const trendingRows = member('trending');
export const history = member('history');
export const streamTime = member('stream_time');
export const dots = member('dots');
export const sources = member('source');
export const ready = member('ready');
export const ledger = member('ledger');
export const notice = member('notice');

export const isLoaded = computed(() => figures.value !== null);
/** Nothing was ever counted, whatever the filter. */
export const isFirstRun = computed(() => figures.value?.all.rsvps === 0);

/** RSVPs by country. */
export const countryCounts = computed<ReadonlyMap<string, number>>(
  () => new Map(countryRows.value?.map((row) => [row.country, row.yes + row.no])),
);
