import { expect, test } from 'vitest';
import { shown } from './text';

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
])('%s', (_, name, expected) => expect(shown(name)).toBe(expected));

test('at most 256 characters, whole ones', () => {
  expect(shown('x'.repeat(256))).toBe('x'.repeat(256));
  expect(shown('x'.repeat(257))).toBe(`${'x'.repeat(255)}…`);
  expect(shown('😀'.repeat(256))).toBe('😀'.repeat(256));
  expect(Array.from(shown('😀'.repeat(300)))).toHaveLength(256);
});
