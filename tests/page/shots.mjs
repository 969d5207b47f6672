// Pictures of the page in its states, to be looked at.
//
//   HEADCOUNT_URL=http://127.0.0.1:8080 node shots.mjs DIRECTORY [NAME]...
import { mkdirSync } from 'node:fs';
import { launch, openContext } from './browser.mjs';

const address = process.env.HEADCOUNT_URL ?? 'http://127.0.0.1:7171';
const [directory = 'shots', ...wanted] = process.argv.slice(2);

/** The stand-in of the batch worker has values of every kind in it. */
const SERIES = '?q=SELECT+*%0AFROM+generate_series(1,+12000)';

const SHOTS = {
  light: {},
  dark: { colorScheme: 'dark' },
  country: { query: '?country=us&by=cities' },
  'country-dark': { query: '?country=jp&by=topics', colorScheme: 'dark' },
  countries: { query: '?country=de,fr,gb' },
  small: { query: '?country=mt' },
  empty: { query: '?country=gl' },
  phone: { width: 390, height: 844, deviceScaleFactor: 2, fullPage: true },
  'phone-dark': { width: 390, height: 844, deviceScaleFactor: 2, colorScheme: 'dark', query: '?country=gb' },
  narrow: { width: 320, height: 640, fullPage: true },
  tablet: { width: 768, height: 1024, fullPage: true },
  large: { width: 2200, height: 1300 },
  hover: { act: (page) => page.hover('.panel-trending li:nth-child(3)') },
  'hover-map': { act: (page) => page.hover('path[data-country="br"]') },
  'hover-chart': { act: (page) => page.hover('.plot', { position: { x: 200, y: 60 } }) },
  paused: {
    act: async (page) => {
      await page.keyboard.press('p');
      await page.waitForTimeout(3_000);
    },
  },
  explore: { path: 'explore', fullPage: true },
  'explore-dark': { path: 'explore', query: '?country=us&measure=people', colorScheme: 'dark' },
  'explore-phone': { path: 'explore', width: 390, height: 844, deviceScaleFactor: 2, fullPage: true },
  query: { path: 'query', query: SERIES },
  'query-dark': { path: 'query', query: SERIES, colorScheme: 'dark' },
  'query-error': { path: 'query', query: '?q=SELECT+a%0AFROM+nothere' },
  'query-map': {
    path: 'query',
    query: '?named=boards_group_countries',
    act: (page) => page.click('.tabs >> text=Map'),
  },
  'query-phone': {
    path: 'query',
    query: '?named=hours',
    width: 390,
    height: 844,
    deviceScaleFactor: 2,
    fullPage: true,
    act: (page) => page.click('.tabs >> text=Bar'),
  },
  models: { path: 'models', fullPage: true },
  'models-dark': { path: 'models', fullPage: true, colorScheme: 'dark' },
  'models-phone': { path: 'models', width: 390, height: 844, deviceScaleFactor: 2, fullPage: true },
  'models-promote': {
    path: 'models',
    act: (page) => page.click('#model-category [data-testid="version"][data-value="4"] >> text=Promote'),
  },
  clusters: { path: 'clusters' },
  'clusters-dark': { path: 'clusters', query: '?k=31', colorScheme: 'dark' },
  'clusters-chosen': {
    path: 'clusters',
    act: (page) => page.click('[data-testid="cluster"] >> nth=1 >> button'),
  },
  'clusters-density': { path: 'clusters', query: '?view=density', colorScheme: 'dark' },
  'clusters-themes': { path: 'clusters', query: '?view=themes', fullPage: true },
  'clusters-phone': { path: 'clusters', width: 390, height: 844, deviceScaleFactor: 2, fullPage: true },
  event: { path: 'events/238486635' },
  'event-dark': { path: 'events/past', colorScheme: 'dark' },
  'event-bare': { path: 'events/bare' },
  'event-unknown': { path: 'events/nothing' },
  'event-phone': { path: 'events/238486635', width: 390, height: 844, deviceScaleFactor: 2, fullPage: true },
  keys: { path: 'clusters', act: (page) => page.keyboard.press('?') },
  unknown: { query: '?country=usa&by=weekday' },
  lost: {
    colorScheme: 'dark',
    act: async (page) => {
      await page.context().setOffline(true);
      await page.waitForTimeout(7_000);
    },
  },
};

mkdirSync(directory, { recursive: true });
const browser = await launch();
for (const [name, { path = '', query = '', act, fullPage = false, ...options }] of Object.entries(SHOTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const context = await openContext(browser, options);
  const page = await context.newPage();
  page.on('console', (message) => message.type() !== 'info' && console.log(name, message.text()));
  page.on('pageerror', (error) => console.log(name, error.message));
  await page.goto(`${address}/${path}${query}`);
  await page.waitForTimeout(3_500);
  await act?.(page);
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${directory}/${name}.png`, fullPage });
  await context.close();
}
await browser.close();
