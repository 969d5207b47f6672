// Chromium as the system has it: Playwright's own download is not needed.
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox', // the tests run in containers, often as root
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...ARGUMENTS, ...more],
  });
}

/** A fresh profile of one reader, with a language and a zone that do not depend on the machine. */
export function openContext(browser, { width = 1440, height = 900, ...options } = {}) {
  const isPhone = width < 720;
  return browser.newContext({
    viewport: { width, height },
    isMobile: isPhone,
    hasTouch: isPhone,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    ...options,
  });
}
