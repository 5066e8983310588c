/**
 * A local vendor for `backfill.ts`, in its own process: grouped daily bars of any number of symbols for any session, as JSON over
 * HTTP, compressed like the vendor's.
 *
 *     node bench/backfill-vendor.ts <symbols>
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

const [symbols = '10000'] = process.argv.slice(2);
const INSTANT = '"t":0000000000000';

const rows = Array.from({ length: Number(symbols) }, (_, index) => {
  const close = Math.round(500 + 4500 * Math.abs(Math.sin(index))) / 100;
  const name = `B${index.toString(36).toUpperCase()}`;
  const [high, low] = [Math.round(close * 102) / 100, Math.round(close * 98) / 100];
  return `{"T":"${name}","v":${1000 + index * 7},"vw":${close},"o":${close},"c":${close},"h":${high},"l":${low},${INSTANT},"n":${10 + index}}`;
});
const counts = `"adjusted":false,"queryCount":${rows.length},"resultsCount":${rows.length}`;
const body = `{${counts},"results":[${rows.join(',')}],"status":"OK","request_id":"bench"}`;

const server = createServer((request, response) => {
  const session = /stocks\/(\d{4}-\d\d-\d\d)\?/.exec(request.url ?? '')?.[1];
  const text = session === undefined ? '' : body.replaceAll(INSTANT, `"t":${Date.parse(`${session}T21:00:00Z`)}`);
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
  response.writeHead(session === undefined ? 404 : 200, headers).end(gzipSync(text, { level: 1 }));
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
