import { defineConfig } from 'vite';

export default defineConfig({
  // Relative addresses everywhere, so that a proxy can serve headcount under a path.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    // The content security policy allows no data: fonts, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // An event's page lies one folder deeper, so its addresses begin one folder higher.
    rolldownOptions: { input: ['index.html', 'events/index.html'] },
    // The licences of what is bundled travel with it.
    license: { fileName: 'licences.md' },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:7171' } },
});
