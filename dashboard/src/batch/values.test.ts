import { expect, test } from 'vitest';
import { numberOf, textOf, visible } from './values';

test.each([
  ['two\nlines', 'two↵lines'],
  ['a\tb\r', 'a⇥b␍'],
  ['gnp.\u202etxt', 'gnp.‹202E›txt'],
  ['nul\u0000', 'nul‹0000›'],
  ['zero\u200bwidth', 'zero‹200B›width'],
  ['  kept  ', '  kept  '],
  ['<b>', '<b>'],
])('%j is shown as %s', (text, expected) => expect(visible(text)).toBe(expected));

test('a long text is cut, and says so', () => expect(visible('x'.repeat(9), 4)).toBe('xxxx…'));

test('values are as they came', () => {
  expect(textOf(0)).toBe('0');
  expect(textOf(false)).toBe('false');
  expect(textOf('9007199254740993')).toBe('9007199254740993');
  expect(textOf([1, null, 'a'])).toBe('[1,null,"a"]');
});

test('a figure is a number, or a text that is one', () => {
  expect(numberOf('12.50')).toBe(12.5);
  expect(numberOf(0)).toBe(0);
  for (const none of [null, '', 'NaN', 'many', true, undefined]) expect(numberOf(none)).toBeNull();
});
