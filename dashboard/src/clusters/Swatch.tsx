import { hueStyle, lookOf } from './looks';

/** A cluster's colour and shape, as on the map. */
export function Swatch({ colour }: { colour: number }) {
  const { shape } = lookOf(colour);
  return (
    <svg
      class={`swatch is-${shape}`}
      style={hueStyle(colour)}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
    >
      {shape === 'square' ? (
        <rect x="1.5" y="1.5" width="9" height="9" />
      ) : shape === 'diamond' ? (
        <path d="M6 .5L11.5 6L6 11.5L.5 6Z" />
      ) : (
        <circle cx="6" cy="6" r={shape === 'ring' ? 4 : 5} />
      )}
    </svg>
  );
}
