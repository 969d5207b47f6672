// Names come from strangers. They are put on the page as text nodes only, and without the characters
// that would let a name reorder, hide or break the text around it.

const SHOWN_MAX = 256;

/** Tabs, line ends and other separators: they count as one space. */
const SPACE = /[\s\p{Zl}\p{Zp}]+/gu;
/** Control characters, marks of writing direction, zero-width characters, tags. */
const INVISIBLE =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** A name as it may be shown; what it is a name of when nothing of it remains. */
export function shown(name: string, otherwise = 'no name'): string {
  const text = name.replace(SPACE, ' ').replace(INVISIBLE, '').trim();
  if (text === '') return otherwise;
  if (text.length <= SHOWN_MAX) return text;
  const characters = Array.from(text);
  return characters.length <= SHOWN_MAX ? text : `${characters.slice(0, SHOWN_MAX - 1).join('')}…`;
}
