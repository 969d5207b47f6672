// A stand-in for what is learnt: models, clusters, themes, and an event with its forecast.
import { MODELS, NOW, TRAINING } from './learnt-models.mjs';
import { clustersOf, eventOf, themes } from './learnt-places.mjs';

const PATH = /^\/api\/v1\/(models(\/[^/]+\/promote)?|clusters|themes|events\/[^/]+)$/;

export function isLearntPath(pathname) {
  return PATH.test(pathname);
}

/** `[status, value]`, as the server tells it. */
export function answerLearnt({ pathname, query, body }) {
  const [, what, name] = pathname.slice('/api/v1'.length).split('/');
  const parameters = new URLSearchParams(query);
  if (what === 'models' && name) return promoted(decodeURIComponent(name), JSON.parse(body));
  if (what === 'models') return [200, { models: MODELS, training: TRAINING }];
  if (what === 'themes') return [200, themes()];
  if (what === 'clusters') {
    const clusters = clustersOf(parameters);
    return clusters
      ? [200, clusters]
      : [400, { title: 'k is out of range', detail: `k=${parameters.get('k')}: it can be 2 to 40` }];
  }
  const id = decodeURIComponent(name);
  const event = eventOf(id);
  return event
    ? [200, event]
    : [
        404,
        { title: 'There is no such event', detail: `No event with the id ${id} was seen in the stream.` },
      ];
}

function promoted(name, { version, anyway }) {
  const model = MODELS.find((known) => known.name === name);
  const found = model?.versions.find((known) => known.version === version);
  if (!found)
    return [404, { title: 'There is no such version', detail: `${name} has no version ${version}.` }];
  if (!found.beats_baseline && !anyway)
    return [
      409,
      { title: 'Not promoted', detail: `Version ${version} of ${name} does not beat its baseline.` },
    ];
  return [200, { format: 1, version, previous: model.in_use, at: NOW, why: 'promoted by hand' }];
}
