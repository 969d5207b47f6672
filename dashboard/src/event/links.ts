/** An address from the stream that may be opened: only of the web. */
export function webAddress(text: string | null): URL | null {
  if (text === null || !URL.canParse(text)) return null;
  const address = new URL(text);
  return ['http:', 'https:'].includes(address.protocol) ? address : null;
}
