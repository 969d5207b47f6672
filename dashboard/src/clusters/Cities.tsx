import { countryName } from '../countries';
import { format } from '../format';
import { measured } from '../models/figures';
import { Table } from '../program/Table';
import { shown } from '../text';
import type { Themes } from './contract';
import { liftOf, wordsOf } from './layers';
import { Swatch } from './Swatch';
import { chosen } from './state';

const P_LEAST = 0.0001;

/** The cities that are labelled, of the chosen theme alone when there is one. */
export function Cities({ told: { themes, cities } }: { told: Themes }) {
  const words = new Map(themes.map((theme) => [theme.id, theme.words]));
  const seen = cities.filter(({ theme }) => chosen.value === null || theme === chosen.value);
  if (seen.length === 0) return <p class="nothing">This theme sets no city apart.</p>;
  return (
    <Table
      name="cities"
      label="Cities and the theme that sets each apart"
      columns={['City', 'Theme', 'Groups', 'Lift', 'p']}
    >
      <tbody>
        {seen
          .toSorted((one, other) => other.lift - one.lift)
          .map((city) => (
            <tr key={JSON.stringify([city.city, city.country])} data-testid="city" data-value={city.theme}>
              <th scope="row" dir="auto">
                {shown(city.city)}{' '}
                <small title={countryName(city.country)}>{shown(city.country, '').toUpperCase()}</small>
              </th>
              <td dir="auto">
                <Swatch colour={city.theme} /> {wordsOf(words.get(city.theme) ?? [])}
              </td>
              <td>{format.full(city.groups)}</td>
              <td>{liftOf(city.lift)}</td>
              <td>{city.p < P_LEAST ? `< ${measured(P_LEAST)}` : measured(city.p)}</td>
            </tr>
          ))}
      </tbody>
    </Table>
  );
}
