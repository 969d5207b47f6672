import { expect, test } from 'vitest';
import { quoted } from './names';

test.each([
  ['rsvps', 'rsvps'],
  ['yes_rsvp_count', 'yes_rsvp_count'],
  ['Total', '"Total"'],
  ['a b', '"a b"'],
  ['say "x"', '"say ""x"""'],
  ['1st', '"1st"'],
])('%s is written %s', (name, written) => expect(quoted(name)).toBe(written));
