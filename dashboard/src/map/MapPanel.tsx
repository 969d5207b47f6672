import { countryName, countryNames } from '../countries';
import { chooseCountry, clearCountries, countries } from '../page';
import { Cross } from '../panels/icons';
import { Panel } from '../panels/Panel';
import { WorldMap } from './WorldMap';

const CHIPS_MAX = 3;

export function MapPanel() {
  const chosen = countries.value;
  return (
    <Panel
      name="world"
      title={chosen.length > 0 ? countryNames(chosen) : 'World'}
      note={chosen.length > 0 ? 'filtering every panel' : 'choose a country to filter'}
      aside={<Chips />}
    >
      <WorldMap />
    </Panel>
  );
}

function Chips() {
  const chosen = countries.value;
  if (chosen.length > CHIPS_MAX) return <Chip label={countryNames(chosen)} onClick={clearCountries} />;
  return (
    <>
      {chosen.map((code) => (
        <Chip key={code} label={countryName(code)} onClick={() => chooseCountry(code, true)} />
      ))}
    </>
  );
}

function Chip({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <button type="button" class="chip" onClick={onClick}>
      {label}
      <Cross />
      <span class="unseen">clear this filter</span>
    </button>
  );
}
