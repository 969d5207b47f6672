import { expect, test } from 'vitest';
import { nextPlace } from './walk';

const place = (name: string, x: number, y: number) => ({ name, centre: [x, y] as const });
const here = place('here', 0, 0);
const places = [here, place('near', 10, 0), place('far', 30, 1), place('aside', 6, 9), place('up', 0, -5)];

test('the nearest ahead, not the nearest at all', () => {
  expect(nextPlace(places, here, [1, 0])?.name).toBe('near');
  expect(nextPlace(places, here, [0, -1])?.name).toBe('up');
});

test('nothing there', () => expect(nextPlace(places, here, [-1, 0])).toBeUndefined());
