// What the models say of themselves: five of them, in every state that a model can be in.

const DAY_MS = 86_400_000;
export const NOW = Date.UTC(2026, 10, 30, 19);
const FIRST = Date.UTC(2015, 5, 9, 14);
const LAST = Date.UTC(2016, 5, 1, 1);

export const CATEGORIES = [
  'tech',
  'career/business',
  'socializing',
  'outdoors/adventure',
  'language/ethnic identity',
  'sports/recreation',
  'health/wellbeing',
  'fitness',
  'new age/spirituality',
  'food/drink',
  'dancing',
  'singles',
  'games',
  'movies/film',
  'arts/culture',
  'book clubs',
  'music',
  'photography',
  'education/learning',
  'parents/family',
  'religion/beliefs',
  'sci fi/fantasy',
  'hobbies/crafts',
  'pets/animals',
  'community/environment',
  'lgbt',
  'support',
  'writing',
  'cars/motorcycles',
  'fashion/beauty',
  'government/politics',
  'paranormal',
  'alternative lifestyle',
];

/** Believable: most right, neighbours confused, and everything a little for the largest. */
function confusionOf(classes) {
  const counts = classes.map((_, row) => {
    const total = Math.round(900 / (1 + row * 0.42));
    const right = Math.round(total * (0.86 - 0.5 * (row / classes.length)));
    return classes.map((__, column) => {
      if (row === column) return right;
      const near = Math.abs(row - column) <= 2 ? 0.16 : 0.018;
      const wave = 1 + Math.sin(row * 3.7 + column * 1.9);
      return Math.round((total - right) * near * wave * (column === 0 ? 3 : 1) * 0.6);
    });
  });
  return { classes, counts };
}

const bins = Array.from({ length: 10 }, (_, index) => {
  const predicted = (index + 0.5) / 10;
  return {
    predicted,
    observed: Math.min(0.98, Math.max(0.02, predicted + 0.05 * Math.sin(index * 1.9))),
    examples: Math.round(400 + 5_200 * predicted ** 2),
  };
});

function version(number, card, more = {}) {
  return {
    version: number,
    trained_at: NOW - (6 - number) * DAY_MS,
    seconds: 9.8 + number,
    program: '0.1.0',
    training_sha256: '0123456789abcdef'.repeat(4),
    model_bytes: 5_120_000 + 7_000 * number,
    beats_baseline: true,
    damage: null,
    card: card && {
      seed: 1,
      examples: 40_020,
      groups: 3_224,
      range: [FIRST, LAST],
      confusion: null,
      calibration: [],
      feature_shares: [],
      notes: [],
      ...card,
    },
    ...more,
  };
}

const compare = (measure, on, model, baseline, baseline_figure, better = 'higher', decides = false) => ({
  measure,
  on,
  model,
  baseline,
  baseline_figure,
  better,
  decides,
});

const CATEGORY = {
  model: 'category',
  predicts: 'The category of an event whose group has none: one of 33.',
  from: 'Its name and description, cleaned of HTML, as words and pairs of words.',
  tested: 'Split by group: no group is in both parts. Weights were chosen on a part of the training.',
  comparisons: [
    compare('macro-F1', '645 held-out groups', 0.4812, 'the largest class', 0.0124, 'higher', true),
    compare('accuracy', '645 held-out groups', 0.6134, 'the largest class', 0.2107),
    compare('macro-F1', 'the last two months', 0.4633, 'the largest class', 0.0119),
  ],
  confusion: confusionOf(CATEGORIES),
  calibration: bins,
  notes: [
    'The group’s topics would raise accuracy to 0.71; they are left out because new groups have none.',
    'A random forest of 100 trees came to a macro-F1 of 0.412 on the same split.',
  ],
};

const RESPONSE = {
  model: 'response',
  predicts: 'The probability that the next answer to an event is yes.',
  from: 'Topics, country, hour and weekday in the group’s zone, lead time, guests allowed, the past of event and group.',
  tested: 'Progressively: each version of an answer is scored before it is learnt.',
  comparisons: [
    compare('log loss', '586,382 answers', 0.5214, 'the event’s own rate', 0.5467, 'lower', true),
    compare('log loss', '586,382 answers', 0.5214, 'the base rate', 0.5702, 'lower'),
    compare('AUC', '586,382 answers', 0.7421, 'the event’s own rate', 0.6903),
  ],
  calibration: bins,
  feature_shares: [
    [
      'response',
      [
        ['yes', 0.74],
        ['no', 0.26],
      ],
    ],
  ],
};

const TURNOUT = {
  model: 'turnout',
  predicts: 'How many will come to an event, with an interval that holds four times in five.',
  from: 'The answers so far, lead time, limit and the group’s past events.',
  tested: 'On held-out groups, at announcement, half-way and the day before.',
  comparisons: [
    compare('mean absolute error', 'the day before', 8.42, 'the group’s median', 7.96, 'lower', true),
    compare('coverage of the 80 % interval', 'the day before', 0.803, 'the group’s spread', 0.641),
  ],
};

const PLACES = {
  model: 'places',
  predicts: 'Which part of the world a venue belongs to.',
  from: 'Latitude and longitude of venues, as unit vectors.',
  tested: 'Twenty restarts; silhouette on a sample of 2,000 venues.',
  comparisons: [compare('silhouette', '883 venues', 0.44, 'a grid of equal cells', 0.21, 'higher', true)],
};

export const MODELS = [
  {
    name: 'category',
    in_use: 3,
    previous: 2,
    why: 'Trained on 27 Nov 2026 and better than its baseline.',
    state: 'served',
    drift: {
      state: 'watch',
      features: [
        { name: 'description length', index: 0.03 },
        { name: 'words unknown', index: 0.14 },
        { name: 'language', index: 0.07 },
      ],
      calibration: 0.012,
      at: NOW - 3_600_000,
    },
    versions: [
      version(4, CATEGORY, { beats_baseline: false }),
      version(3, CATEGORY),
      version(2, { ...CATEGORY, notes: [], calibration: [] }),
      version(1, null, {
        trained_at: null,
        seconds: null,
        program: null,
        training_sha256: null,
        model_bytes: null,
        beats_baseline: null,
        damage:
          'models/category/1/card.json: its SHA-256 differs from the one in the model; train again or remove it',
      }),
    ],
  },
  {
    name: 'response',
    in_use: 5,
    previous: 4,
    why: 'Learns from the stream; better than the event’s own rate.',
    state: 'served',
    drift: { state: 'steady', features: [{ name: 'lead time', index: 0.02 }], calibration: 0.01, at: NOW },
    versions: [version(5, RESPONSE), version(4, RESPONSE)],
  },
  {
    name: 'turnout',
    in_use: null,
    previous: null,
    why: 'Version 1 does not beat the group’s median, so the median answers in its place.',
    state: 'baseline',
    drift: null,
    versions: [version(1, TURNOUT, { beats_baseline: false })],
  },
  {
    name: 'places',
    in_use: 2,
    previous: 1,
    why: 'Trained on 26 Nov 2026 and better than its baseline.',
    state: 'served',
    drift: null,
    versions: [version(2, PLACES)],
  },
  {
    name: 'themes',
    in_use: null,
    previous: null,
    why: 'It was never trained: run headcount train --data data themes.',
    state: 'absent',
    drift: null,
    versions: [],
  },
];

export const TRAINING = {
  running: true,
  since: NOW - 95_000,
  last: { at: NOW - DAY_MS, ok: true, message: 'category 3 promoted' },
};
