import { expect, test } from 'vitest';
import { formatsFor, knownLanguage, ratio } from './format';

const english = formatsFor('en-GB');

test.each([
  [0, '0'],
  [173_494, '173,494'],
  [999_999, '999,999'],
])('count %d', (value, text) => expect(english.count(value)).toBe(text));

test('millions are short', () => {
  expect(formatsFor('en-US').count(1_000_000)).toBe('1M');
  expect(formatsFor('en-US').count(1_234_567)).toBe('1.2M');
});

test('the language of the reader', () => expect(formatsFor('de-DE').count(173_494)).toBe('173.494'));

test('full, rates and shares', () => {
  expect(english.full(1_234_567)).toBe('1,234,567');
  expect(english.rate(26.34)).toBe('26.3');
  expect(english.rate(0)).toBe('0.0');
  expect(english.share(0.3042)).toBe('30.4%');
  expect(english.percent(0.714)).toBe('71%');
});

test('bytes are of the largest unit that fits', () => {
  expect([0, 999, 1_000, 37_512_345_678, 2e12].map(english.bytes)).toEqual([
    '0 byte',
    '999 byte',
    '1 kB',
    '37.5 GB',
    '2 TB',
  ]);
});

test('times are of 24 hours', () => {
  const at = Date.UTC(2017, 2, 19, 0, 5, 9);
  expect(english.minute(at, true)).toBe('00:05');
  expect(english.second(at, true)).toBe('00:05:09');
  expect(english.date(at, true)).toBe('19 Mar 2017');
  expect(english.appointment(at, true)).toBe('Sun, 19 Mar 2017, 00:05 UTC');
  expect(english.zone(at, true)).toBe('UTC');
});

test('nothing has no shares', () => expect([ratio(0, 0), ratio(1, 4)]).toEqual([0, 0.25]));

test('a language nobody knows', () => {
  expect(knownLanguage('en-US@posix')).toBeUndefined();
  expect(knownLanguage(undefined)).toBeUndefined();
  expect(knownLanguage('pt-br')).toBe('pt-BR');
});

test.each([
  [0, '0 secs'],
  [59_999, '59 secs'],
  [6.9 * 60_000, '6 mins'],
  [3.5 * 3_600_000, '3 hrs'],
  [4_285 * 86_400_000, '4,285 days'],
])('%d ms take', (ms, text) => expect(english.duration(ms)).toBe(text));

test('a speed has the digits that it needs', () => {
  expect([1, 2.5, 10, 3600].map(english.speed)).toEqual(['1', '2.5', '10', '3,600']);
});
