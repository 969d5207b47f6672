import { expect, test } from 'vitest';
import { shown, whole } from './text';

test.each([
  ['plain', 'Café Ørsted, 東京', 'Café Ørsted, 東京'],
  ['markup stays text', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['right-to-left override', 'abc\u202edcba', 'abcdcba'],
  ['isolates and marks', '\u2066a\u2069\u200e\u200f\u061cb', 'ab'],
  ['zero width', 'a\u200bb\u200cc\u200dd\u2060e\ufeff', 'abcde'],
  ['control', 'a\u0000b\u0007c\u009bd', 'abcd'],
  ['tags', 'a\u{e0041}\u{e007f}b', 'ab'],
  ['line ends', ' two\r\n\tlines\u2028here ', 'two lines here'],
  ['nothing left', '\u200b \u202e', 'no name'],
  ['joiners of Persian', 'می\u200cخواهم', 'می\u200cخواهم'],
  ['joiners of Hindi', 'क्\u200dष', 'क्\u200dष'],
  ['joiners of emoji', '👩🏽\u200d💻 ❤️\u200d🔥', '👩🏽\u200d💻 ❤️\u200d🔥'],
  ['joiners at the end', 'می\u200c 👩\u200d', 'می 👩'],
])('%s', (_, name, expected) => expect(shown(name)).toBe(expected));

test('at most 256 characters, whole ones', () => {
  expect(shown('x'.repeat(256))).toBe('x'.repeat(256));
  expect(shown('x'.repeat(257))).toBe(`${'x'.repeat(255)}…`);
  for (const one of ['😀', '👩🏽\u200d💻', 'e\u0301', '🇩🇪']) {
    expect(shown(one.repeat(256))).toBe(one.repeat(256));
    expect(shown(one.repeat(300))).toBe(`${one.repeat(255)}…`);
  }
});

test('marks do not tower', () => {
  expect(shown(`e${'\u0301'.repeat(2_000)}x`)).toBe(`e${'\u0301'.repeat(4)}x`);
  expect(shown(`e${'\u0301\u200d'.repeat(2_000)}x`)).toHaveLength(6);
  for (const name of ['Tiê\u0323ng Viê\u0323t', 'שָׁ֖לוֹם', 'क्ष्म्यां']) expect(shown(name)).toBe(name);
});

test('the title has all of it', () => {
  const long = `${'e\u0301\u0323\u0301\u0323\u0301'.repeat(400)}\u202e`;
  expect(whole(long)).toBe(long.slice(0, -1));
  expect(whole(' a\nb ')).toBe('a b');
});
