export const VIEWS = ['kmeans', 'density', 'themes'] as const;
export type View = (typeof VIEWS)[number];

export const WEIGHTS = ['venues', 'people'] as const;
export type Weights = (typeof WEIGHTS)[number];

export const K_MIN = 2;
export const K_MAX = 40;

export function isView(name: string | undefined): name is View {
  return VIEWS.some((view) => view === name);
}

export function isWeights(name: string | undefined): name is Weights {
  return WEIGHTS.some((weights) => weights === name);
}

/** A number of clusters as an address has it; null for none that can be asked for. */
export function kOf(text: string | undefined): number | null {
  const value = /^\d{1,2}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return value >= K_MIN && value <= K_MAX ? value : null;
}

/** As the server takes it; what is not said is up to the model. */
export function queryOf(k: number | null, weights: Weights): string {
  const parts = [...(k === null ? [] : [`k=${k}`]), ...(weights === 'venues' ? [] : [`weights=${weights}`])];
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}
