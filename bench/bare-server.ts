/** A bare server of our framework: one route that sends the bytes of one file. The yardstick for ours. */
import { readFileSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const [file = '', port = '0'] = process.argv.slice(2);
const bytes = new Uint8Array(readFileSync(file));
const app = new Hono();
app.get('/healthz', (c) => c.text('ok'));
app.get(
  '/v2/aggs/ticker/:ticker/range/:multiplier/:timespan/:from/:to',
  () => new Response(bytes, { headers: { 'content-type': 'application/json; charset=utf-8' } }),
);
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(port) });
