import { defineConfig } from 'vite';

/** Server that supplies the data for `npm run dev:web`. */
const SERVER = process.env['CONDVEST_DEV_SERVER'] ?? 'http://127.0.0.1:8787';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // The page loads everything from its own server. `assetsInlineLimit: 0` avoids data: URLs, which the
  // Content-Security-Policy blocks.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: true },
  // The server accepts state-changing requests only from its own origin.
  server: { proxy: { '/condvest/': { target: SERVER, changeOrigin: true, headers: { origin: SERVER } } } },
});
