import type { VenueRow } from '../contract';
import { format } from '../format';
import { useFit } from '../lists/fit';
import { useGlide } from '../lists/glide';
import { useHold } from '../lists/hold';
import { useCalmOrder } from '../lists/order';
import { Skeleton } from '../lists/Skeleton';
import { chooseOwn, countries, filterQuery, own } from '../page';
import { venueRows } from '../selected';
import { shown, whole } from '../text';
import { download, toCsv } from './csv';
import { Panel, place } from './Panel';

const keyOf = (row: VenueRow) => String(row.venue_id);

export function Venues() {
  return (
    <Panel
      name="venues"
      title="Top venues"
      note={place()}
      aside={
        <button type="button" class="link" onClick={downloadVenues} title="Download as CSV">
          CSV
        </button>
      }
    >
      <Table />
    </Panel>
  );
}

function Table() {
  const { box, count } = useFit({ row: 29, head: 24, unbounded: 8 });
  const { isHeld, handlers } = useHold();
  const top = (venueRows.value ?? []).slice(0, count);
  const rows = useCalmOrder(top, keyOf, { isHeld, subject: filterQuery.value });
  const body = useGlide<HTMLTableSectionElement>(rows.map(keyOf));
  return (
    <div class="rows" ref={box}>
      {!venueRows.value && <Skeleton rows={7} height={30} />}
      {venueRows.value && rows.length === 0 && <p class="nothing">No venue here has an RSVP yet.</p>}
      {rows.length > 0 && (
        <table {...handlers}>
          <thead>
            <tr>
              <th scope="col">Venue</th>
              <th scope="col">City</th>
              <th scope="col">Yes</th>
              <th scope="col">No</th>
              <th scope="col">Total</th>
            </tr>
          </thead>
          <tbody ref={body}>
            {rows.map((row) => (
              <Row key={row.venue_id} row={row} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Row({ row }: { row: VenueRow }) {
  const rsvps = row.yes + row.no;
  const hasOneCountry = countries.value.length === 1;
  return (
    <tr data-key={keyOf(row)} data-testid={`venue-${row.venue_id}`} data-value={rsvps}>
      <th scope="row" dir="auto" title={whole(row.name)}>
        <button
          type="button"
          aria-pressed={own.value.venue?.includes(keyOf(row)) ?? false}
          onClick={(event) => chooseOwn('venue', keyOf(row), event.shiftKey)}
        >
          {shown(row.name)}
        </button>
      </th>
      <td dir="auto" title={whole(row.city)}>
        {shown(row.city, '–')}
        {!hasOneCountry && <small>{shown(row.country, '').toUpperCase()}</small>}
      </td>
      <td>{format.count(row.yes)}</td>
      <td>{format.count(row.no)}</td>
      <td>{format.count(rsvps)}</td>
    </tr>
  );
}

function downloadVenues(): void {
  const rows = venueRows.peek() ?? [];
  const text = toCsv(
    ['venue', 'city', 'country', 'yes', 'no'],
    rows.map(({ name, city, country, yes, no }) => [name, city, country, yes, no]),
  );
  download(['top-venues', ...countries.peek()], text);
}
