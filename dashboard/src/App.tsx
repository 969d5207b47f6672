import { useSignalEffect } from '@preact/signals';
import { countryNames } from './countries';
import { isFrozen } from './live';
import { MapPanel } from './map/MapPanel';
import { countries } from './page';
import { Banner } from './panels/Banner';
import { Bar } from './panels/Bar';
import { BreakdownPanel } from './panels/Breakdown';
import { FirstRun } from './panels/FirstRun';
import { IgnoredNote } from './panels/IgnoredNote';
import { place } from './panels/Panel';
import { Stats } from './panels/Stats';
import { Timeline } from './panels/Timeline';
import { Trending } from './panels/Trending';
import { Venues } from './panels/Venues';
import { all } from './selected';

export function App() {
  useSignalEffect(() => {
    const chosen = countries.value;
    document.title = chosen.length > 0 ? `headcount: ${countryNames(chosen)}` : 'headcount: live RSVPs';
  });
  const isFirstRun = all.value?.rsvps === 0;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Bar />
      <Banner />
      <main id="main" class={isFrozen.value ? 'is-frozen' : undefined}>
        <h1 class="unseen">Live RSVPs, {place()}</h1>
        {isFirstRun ? <FirstRun /> : <Figures />}
      </main>
      <IgnoredNote />
    </>
  );
}

function Figures() {
  return (
    <>
      <Stats />
      <MapPanel />
      <Trending />
      <Timeline />
      <Venues />
      <BreakdownPanel />
    </>
  );
}
