// What GET api/v1/models answers. Times are milliseconds since 1970.

export interface Comparison {
  measure: string;
  /** The data that neither has seen. */
  on: string;
  /** Null when it is no number. */
  model: number | null;
  /** What it is compared with, and how good that is. */
  baseline: string;
  baseline_figure: number | null;
  better: 'higher' | 'lower';
  /** Whether it decides if the model is served. */
  decides: boolean;
}

/** Rows are what was true, columns what was predicted. */
export interface Confusion {
  classes: string[];
  counts: number[][];
}

export interface Bin {
  predicted: number;
  observed: number;
  examples: number;
}

export interface Card {
  model: string;
  predicts: string;
  from: string;
  tested: string;
  seed: number;
  examples: number;
  groups: number;
  /** Of the examples. */
  range: [first: number, last: number] | null;
  comparisons: Comparison[];
  confusion: Confusion | null;
  calibration: Bin[];
  /** How the values of each feature were spread when it was trained. */
  feature_shares: [feature: string, shares: [value: string, share: number][]][];
  notes: string[];
}

export interface Version {
  version: number;
  /** Why it is refused, as a sentence; then nothing else of it is known. */
  damage: string | null;
  trained_at: number | null;
  seconds: number | null;
  program: string | null;
  training_sha256: string | null;
  model_bytes: number | null;
  beats_baseline: boolean | null;
  /** Null for one that is refused. */
  card: Card | null;
}

export interface Drift {
  state: 'steady' | 'watch' | 'drifted';
  /** The population stability index of each. */
  features: { name: string; index: number }[];
  /** How far predicted and observed shares lie apart over the last day. */
  calibration: number | null;
  at: number;
}

export interface Model {
  name: string;
  in_use: number | null;
  previous: number | null;
  /** Why it is as it is, as a sentence; with the remedy when it is absent. */
  why: string;
  state: 'served' | 'baseline' | 'absent';
  drift: Drift | null;
  /** The newest first. */
  versions: Version[];
}

export interface Training {
  running: boolean;
  since: number | null;
  last: { at: number; ok: boolean; message: string } | null;
}

export interface Models {
  models: Model[];
  /** Null where nothing trains. */
  training: Training | null;
}
