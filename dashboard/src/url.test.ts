import { expect, test } from 'vitest';
import { eventAddress, eventOf, pageOf } from './pages';
import { DEFAULT, parse, print } from './url';

test.each([
  ['', {}],
  ['?country=us', { countries: ['us'] }],
  ['?country=US', { countries: ['us'] }],
  ['?country=jp,KR', { countries: ['jp', 'kr'] }],
  ['?country=jp%2Ckr', { countries: ['jp', 'kr'] }],
  ['?country=jp&country=kr,jp', { countries: ['jp', 'kr'] }],
  ['?country=', {}],
  ['?by=cities&tz=utc&theme=dark', { by: 'cities', utc: true, theme: 'dark' }],
] as const)('parse %s', (query, expected) => {
  expect(parse(query)).toEqual({ state: { ...DEFAULT, ...expected }, ignored: [] });
});

test('what means nothing is left out and named', () => {
  expect(parse('?country=usa,gb&by=weekday&tz=mars&theme=pink&q=1')).toEqual({
    state: { ...DEFAULT, countries: ['gb'] },
    ignored: ['country=usa', 'by=weekday', 'tz=mars', 'theme=pink', 'q=1'],
  });
});

test('no more countries than the server takes', () => {
  const codes = Array.from(
    { length: 40 },
    (_, index) => `${String.fromCharCode(97 + (index % 26))}${index < 26 ? 'a' : 'b'}`,
  );
  const { state, ignored } = parse(`?country=${codes.join(',')}`);
  expect(state.countries).toEqual(codes.slice(0, 32));
  expect(ignored).toHaveLength(8);
});

test('print leaves defaults out', () => expect(print(DEFAULT)).toBe(''));

test.each(['?country=us', '?country=jp,kr', '?by=topics', '?country=de&by=cities&tz=utc&theme=light'])(
  'parse and print agree on %s',
  (query) => expect(print(parse(query).state)).toBe(query),
);

test('each page has parameters of its own, which mean nothing on another', () => {
  const query = '?country=us&city=New%20York&city=Ely&measure=people';
  expect(parse(query, 'explore')).toEqual({
    state: { ...DEFAULT, countries: ['us'], own: { city: ['New York', 'Ely'], measure: ['people'] } },
    ignored: [],
  });
  expect(parse(query).ignored).toEqual(['measure=people']);
  expect(parse(query, 'status').ignored).toEqual(['city=New York', 'city=Ely', 'measure=people']);
  expect(print(parse(query, 'explore').state)).toBe(query);
});

test('a statement comes back as it was written', () => {
  const sql = 'SELECT \'100 %\' AS "a&b", 1+1 -- #?\nFROM é';
  const query = print({ ...DEFAULT, own: { q: [sql] } });
  expect(parse(query, 'query').state.own).toEqual({ q: [sql] });
});

test.each([
  ['/', 'live'],
  ['/query', 'query'],
  ['/under/a/path/explore', 'explore'],
  ['/query/', 'live'],
  ['/status', 'status'],
  ['/report', 'report'],
  ['/models', 'models'],
  ['/clusters', 'clusters'],
  ['/events/238486635', 'event'],
  ['/under/a/path/events/x%2Fy', 'event'],
  ['/events/', 'live'],
  ['/events', 'events'],
  ['/under/a/path/topics', 'topics'],
])('the page of %s is %s', (pathname, page) => expect(pageOf(pathname)).toBe(page));

test.each(['238486635', 'qwlzdnywgbkb', 'a/b?c#d', '<b>', 'é%2F'])(
  'the address of event %s leads to it',
  (id) => {
    const { pathname } = new URL(eventAddress(id) ?? '', 'http://localhost/under/a/path/explore');
    expect(pageOf(pathname)).toBe('event');
    expect(eventOf(pathname)).toBe(id);
  },
);

test('an id that a browser would take for a folder has no address', () => {
  expect(['', '.', '..'].map(eventAddress)).toEqual([undefined, undefined, undefined]);
  expect(eventOf('/events/%E0%A4%A')).toBe('');
});
