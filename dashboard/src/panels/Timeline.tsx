import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { format } from '../format';
import { heardAt } from '../live';
import { utc } from '../page';
import { history, streamTime } from '../selected';
import { shade } from '../theme';
import { Panel } from './Panel';
import { RateChart, type Reading } from './rate-chart';
import { type Rates, ratesOf, shouldWiden, sum } from './rates';
import { status } from './StatusLine';

const DAY_MS = 86_400_000;

export function Timeline() {
  const reading = useSignal<Reading | null>(null);
  const wasWide = useRef(false);
  const rates = useComputed<Rates | null>(() => {
    if (!history.value) return null;
    const hasEnded = status.value === 'ended';
    wasWide.current = shouldWiden(ratesOf(history.value, { hasEnded }), wasWide.current);
    return ratesOf(history.value, { isWide: wasWide.current, hasEnded });
  });
  const isSilent = history.value && sum(history.value.yes) + sum(history.value.no) === 0;
  return (
    <Panel
      name="timeline"
      title="Answers per second"
      note={noteOf(wasWide.current)}
      aside={<Keys reading={reading.value} />}
    >
      <div class="chart">
        <Plot
          rates={rates}
          onRead={(next) => {
            reading.value = next;
          }}
        />
        {isSilent && <p class="nothing">No answers in the last 5 minutes</p>}
      </div>
    </Panel>
  );
}

/** What is shown; the day too when that is not about now, for a recording plays at its own time. */
function noteOf(isWide: boolean): string {
  const time = streamTime.value ?? null;
  const now = heardAt.value;
  const isNow = time === null || now === null || Math.abs(now - time) < DAY_MS;
  const when = isNow ? 'last 5 min' : format.date(time, utc.value);
  return isWide ? `${when}, means of 30 s` : when;
}

function Keys({ reading }: { reading: Reading | null }) {
  return (
    <span class="keys" aria-hidden="true">
      {reading && <b>{format.second(reading.at * 1000, utc.value)}</b>}
      <span>
        <i class="key is-yes" />
        {reading ? format.rate(reading.yes) : 'yes'}
      </span>
      <span>
        <i class="key is-no" />
        {reading ? format.rate(reading.no) : 'no'}
      </span>
    </span>
  );
}

interface PlotParts {
  rates: { value: Rates | null };
  onRead: (reading: Reading | null) => void;
}

function Plot({ rates, onRead }: PlotParts) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useSignal<RateChart | null>(null);
  useEffect(() => {
    if (!box.current) return;
    const made = new RateChart(box.current, onRead);
    chart.value = made;
    return () => made.stop();
  }, []);
  useSignalEffect(() => {
    if (rates.value) chart.value?.show(rates.value);
  });
  useSignalEffect(() => {
    if (shade.value) chart.value?.restyle(utc.value);
  });
  return (
    <div
      class="plot"
      ref={box}
      role="img"
      aria-label="Answers per second over the last five minutes, stacked by yes and no"
    />
  );
}
