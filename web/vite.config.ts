import { defineConfig } from 'vite';

/** Where `npm run dev:web` finds the server whose data it shows. */
const SERVER = process.env['CONDVEST_DEV_SERVER'] ?? 'http://127.0.0.1:8787';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // One page, one server: nothing is fetched from anywhere else. `assetsInlineLimit` keeps data: URLs out, which the
  // Content-Security-Policy refuses.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: true },
  // The server takes calls that change something from its own page only.
  server: { proxy: { '/condvest/': { target: SERVER, changeOrigin: true, headers: { origin: SERVER } } } },
});
