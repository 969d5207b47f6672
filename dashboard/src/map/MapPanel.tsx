import { countryNames } from '../countries';
import { clearFilters, countries, filterQuery } from '../page';
import { Chip } from '../panels/Chip';
import { chosenFilters } from '../panels/filters';
import { Panel } from '../panels/Panel';
import { WorldMap } from './WorldMap';

const CHIPS_MAX = 3;

export function MapPanel() {
  const chosen = countries.value;
  return (
    <Panel
      name="world"
      title={chosen.length > 0 ? countryNames(chosen) : 'World'}
      note={filterQuery.value === '' ? 'choose a country to filter' : 'filtering every panel'}
      aside={<Chips />}
    >
      <WorldMap />
    </Panel>
  );
}

function Chips() {
  const chosen = chosenFilters();
  if (chosen.length > CHIPS_MAX) return <Chip label={`${chosen.length} filters`} onClick={clearFilters} />;
  return (
    <>
      {chosen.map(({ name, value, label, clear }) => (
        <Chip key={name + value} label={label} onClick={clear} />
      ))}
    </>
  );
}
