import { useSignalEffect } from '@preact/signals';
import { countryNames } from './countries';
import { isBusy, isFrozen } from './live';
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
import { isFirstRun } from './selected';

export function App() {
  useSignalEffect(() => {
    const chosen = countries.value;
    document.title = chosen.length > 0 ? `headcount: ${countryNames(chosen)}` : 'headcount: live RSVPs';
  });
  return (
    <>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Bar />
      <Banner />
      <main id="main" class={isFrozen.value ? 'is-frozen' : undefined} aria-busy={isBusy.value}>
        <h1 class="unseen">Live RSVPs, {place()}</h1>
        {isFirstRun.value ? <FirstRun /> : <Figures />}
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
