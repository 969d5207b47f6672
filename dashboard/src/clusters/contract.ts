// What GET api/v1/clusters and GET api/v1/themes answer. Places are in degrees.

export interface Cluster {
  id: number;
  /** The same for the same cluster, also after the next training. */
  colour: number;
  /** Of its largest city. */
  name: string;
  country: string;
  topics: string[];
  /** Venues. */
  points: number;
  people: number;
  lat: number;
  lon: number;
  /** Around its venues, on the sphere. */
  hull: [lat: number, lon: number][];
}

export interface Clusters {
  model: string;
  k: number;
  /** Each venue once, or by the people who came to it. */
  weights?: 'venues' | 'people';
  suggested_k: number;
  /** Venues at 0,0, which is no place. */
  left_out: number;
  points: number;
  /** How well apart the clusters are, by k. */
  silhouette: [k: number, score: number][];
  clusters: Cluster[];
  spots: [lat: number, lon: number, cluster: number][];
  density: { clusters: Cluster[]; noise: number } | null;
}

export interface Theme {
  id: number;
  /** Its most telling words, joined. */
  name?: string;
  words: string[];
  /** Of all events. */
  share: number;
  events?: number | null;
}

export interface LabelledCity {
  city: string;
  country: string;
  lat: number;
  lon: number;
  /** The one that sets it apart from the rest of the world. */
  theme: number;
  groups: number;
  /** How many times as frequent as elsewhere. */
  lift: number;
  /** The probability that so much came by chance. */
  p: number;
}

export interface Themes {
  model: string;
  themes: Theme[];
  /** Of the non-negative matrix factorisation. */
  factors: Theme[];
  cities: LabelledCity[];
}
