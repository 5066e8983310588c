/**
 * `npm run bench [-- --symbols 10000 --sessions 2520]`: runs every benchmark sequentially, each in its own process. Only ratios
 * within one run count, since machines differ and are rarely idle.
 */
import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

import { FULL_SIZE } from './dataset.ts';

const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: String(FULL_SIZE.symbols) },
    sessions: { type: 'string', default: String(FULL_SIZE.sessions) },
  },
});
const size = ['--symbols', values.symbols, '--sessions', values.sessions];

const BENCHES: readonly [string, readonly string[]][] = [
  ['resample.ts', size],
  ['import.ts', size],
  ['consolidate.ts', size.slice(0, 2)],
  ['read-symbol.ts', [values.symbols, values.sessions]],
  ['session.ts', [values.symbols, values.sessions]],
  ['backfill.ts', size.slice(0, 2)],
  ['nightly.ts', size],
  ['serve.ts', size],
  ['live-store.ts', []],
  ['open-table.ts', []],
  ['live-fold.ts', []],
  ['help.ts', []],
  ['up-start.ts', []],
  ['peers.ts', []],
];

const [cpu] = cpus();
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpu?.model ?? 'unknown processor'}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}\n`,
);
let failures = 0;
for (const [file, args] of BENCHES) {
  process.stdout.write(`\n${file}\n`);
  const { status } = spawnSync(process.execPath, [`bench/${file}`, ...args], { stdio: 'inherit' });
  if (status !== 0) failures += 1;
}
process.exitCode = failures === 0 ? 0 : 1;
