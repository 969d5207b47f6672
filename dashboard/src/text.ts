// Names come from strangers. They are put on the page as text nodes only, and without the characters
// that would let a name reorder, hide or break the text around it.

/** Characters, as readers see them. */
const SHOWN_MAX = 256;

/** Tabs, line ends and other separators: they count as one space. */
const SPACE = /[\s\p{Zl}\p{Zp}]+/gu;
/** Control characters, marks of writing direction, zero-width characters, tags; joiners are below. */
const INVISIBLE =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Joiners where they join nothing. Persian, the scripts of India and families of emoji cannot do without. */
const IDLE_JOINER =
  /(?<![\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}])[\u200c\u200d]+|[\u200c\u200d]+(?=$|\s)/gu;
/** A tower of marks would cover the rows above and below. Hebrew and Vietnamese need three on a letter. */
const TOWER = /([\p{M}\u200c\u200d]{4})[\p{M}\u200c\u200d]+/gu;

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A name as it may be shown; what it is a name of when nothing of it remains. */
export function shown(name: string, otherwise = 'no name'): string {
  const text = whole(name).replace(TOWER, '$1');
  return text === '' ? otherwise : cut(text);
}

/** All of a name, for the title of the place where it is shown shortened. */
export function whole(name: string): string {
  return name.replace(SPACE, ' ').replace(INVISIBLE, '').replace(IDLE_JOINER, '').trim();
}

function cut(text: string): string {
  if (text.length <= SHOWN_MAX) return text;
  const starts = Array.from(characters.segment(text), ({ index }) => index);
  return starts.length <= SHOWN_MAX ? text : `${text.slice(0, starts[SHOWN_MAX - 1])}…`;
}
