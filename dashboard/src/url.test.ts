import { expect, test } from 'vitest';
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
