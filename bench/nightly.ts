/**
 * The nightly run after one more session of the whole market, over a ten-year lake. It is an expensive night: its session begins a
 * new window of the longest interval, so the 34 sessions of the previous window are merged into their year file of up to 2.5
 * million rows.
 *
 *     node bench/nightly.ts [--symbols 10000] [--sessions 2520]
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

import { defined } from '#base/assert.ts';
import { createCalendar } from '#market/calendar/calendar.ts';

import { dataset, FULL_SIZE } from './dataset.ts';
import { type Night, prepareNight } from './night.ts';

const LIMITS = { seconds: 5, memoryBytes: 0.35 * 2 ** 30 };
const LONGEST = 34;

const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: String(FULL_SIZE.symbols) },
    sessions: { type: 'string', default: String(FULL_SIZE.sessions) },
  },
});
const calendar = createCalendar({ lastYear: 2027 });
const data = await dataset(calendar, { symbols: Number(values.symbols), sessions: Number(values.sessions) });
/** A session that begins a window of the longest interval. */
const tonight = defined(
  data.dates.findLast((session) => calendar.sessionIndex(session) % LONGEST === 0),
  'the dataset has a window of the longest interval',
);
await using lake = await prepareNight(calendar, data, tonight);
const child = spawnSync(process.execPath, lake.command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
if (child.status !== 0) throw new Error(`the night ended with ${child.status ?? child.signal}`);
const { seconds, processorSeconds, memoryBytes, steps } = JSON.parse(child.stdout) as Night;
for (const [step, ms] of Object.entries(steps)) process.stdout.write(`  ${step.padEnd(16)} ${ms.toFixed(0)} ms\n`);
process.stdout.write(`processor time ${processorSeconds.toFixed(1)} s\n`);
report('nightly run', seconds, LIMITS.seconds, 's');
report('memory', memoryBytes / 2 ** 30, LIMITS.memoryBytes / 2 ** 30, 'GiB');

function report(name: string, measured: number, limit: number, unit: string): void {
  const verdict = measured <= limit ? 'ok' : 'OVER';
  process.stdout.write(`${name.padEnd(14)} ${measured.toFixed(2)} of ${limit} ${unit}: ${verdict}\n`);
  if (measured > limit) process.exitCode = 1;
}
