import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { fromEpochDay, type IsoDate, isoDate, toEpochDay } from '#base/dates.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { expectedText, PROBE, probeText } from '#test/fixtures/probe-table.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';

import type { Step } from './probe-writer.ts';

interface Done {
  readonly step: Step;
  readonly version?: number;
  readonly attempts?: number;
}

const SCRIPT = fileURLToPath(new URL('./probe-writer.ts', import.meta.url));
const MONDAY = toEpochDay(isoDate('2024-01-08'));

/** The i-th weekday from 2024-01-08 on. */
function weekday(i: number): IsoDate {
  return fromEpochDay(MONDAY + Math.floor(i / 5) * 7 + (i % 5));
}

function start(root: string, steps: readonly Step[]) {
  const child = spawn(process.execPath, [SCRIPT, root, JSON.stringify(steps)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const done: Done[] = [];
  let errors = '';
  createInterface({ input: child.stdout }).on('line', (line) => done.push(JSON.parse(line) as Done));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, errors }));
  return { child, done, ended };
}

describe('eight processes writing one table at once', () => {
  it('all get through; no session is lost, doubled or mixed', async () => {
    await using under = await openTestLake();
    const writers = Array.from({ length: 8 }, (_, writer) => {
      const steps: Step[] = [];
      for (let i = 0; i < 5; i += 1) {
        steps.push({ session: weekday(10 + writer * 5 + i), value: writer * 100 + i });
        // Three sessions that all of them put.
        steps.push({ session: weekday(i % 3), value: writer * 100 + 50 + i });
        if (i === 3 && writer % 4 === 0) steps.push('merge');
      }
      return start(under.root, steps);
    });
    for (const { ended } of writers) assert.deepEqual(await ended, { code: 0, signal: null, errors: '' });

    const all = writers.flatMap(({ done }) => done).filter(({ version }) => version !== undefined);
    const versions = all.map(({ version }) => version).sort((a, b) => Number(a) - Number(b));
    assert.deepEqual(versions, [...versions.keys()], 'every version was made by one of them, and each by one only');
    const last = new Map<IsoDate, number>();
    for (const { step } of all.sort((a, b) => Number(a.version) - Number(b.version))) {
      if (typeof step === 'object') last.set(isoDate(step.session), step.value);
    }
    assert.equal(last.size, 43);
    const head = await under.lake.table(PROBE).head();
    assert.ok(head !== undefined);
    assert.deepEqual(await probeText(under.deps, head), await expectedText(under.deps.engine, last));
    assert.ok(
      all.some(({ attempts = 1 }) => attempts > 1),
      'they did get in each other’s way',
    );

    await new Promise((resolve) => setTimeout(resolve, 10));
    await under.lake.table(PROBE).vacuum({ retentionMs: 0, force: true });
    let files = 0;
    for await (const _ of under.deps.store.list(`${PROBE.name}/year=`)) files += 1;
    assert.equal(files, head.fileCount);
  });
});

describe('a process killed with SIGKILL at a random moment', () => {
  it('leaves a table that reads whole, with everything in it that it had acknowledged', async (t) => {
    const seed = Math.floor(Math.random() * 1e9);
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    await using under = await openTestLake();
    const steps: Step[] = [];
    for (let i = 0; i < 3000; i += 1) {
      steps.push({ session: weekday(i % 7), value: i });
      if (i % 5 === 4) steps.push('checkpoint');
      if (i % 8 === 7) steps.push('merge');
    }
    let acknowledged = -1;
    for (let round = 0; round < 12; round += 1) {
      const { child, done, ended } = start(under.root, steps);
      await once(child.stdout, 'data');
      await sleep(random.next() * 150);
      child.kill('SIGKILL');
      assert.equal((await ended).signal, 'SIGKILL');

      const table = under.again().table(PROBE);
      const head = await table.head();
      assert.ok(head !== undefined);
      const puts = new Map<string, number>();
      for (const { step, version } of done) {
        if (version === undefined) continue;
        assert.ok(version > acknowledged && version <= head.version);
        acknowledged = version;
        if (typeof step === 'object') puts.set(step.session, step.value);
      }
      // The kill may have fallen between a commit and its acknowledgement, so the head may be one step further.
      const snapshot = await table.at({ version: acknowledged });
      assert.ok(snapshot !== undefined);
      const text = await probeText(under.deps, snapshot);
      for (const [session, value] of puts) {
        const expected = await expectedText(under.deps.engine, new Map([[isoDate(session), value]]));
        assert.deepEqual(
          text.filter((row) => row.includes(session)),
          expected,
        );
      }
      const rows = await probeText(under.deps, head);
      assert.equal(new Set(rows.map((row) => row.split(' ').slice(0, 2).join(' '))).size, rows.length, 'no row twice');
    }
    await under.deps.store.sweepScratch(-10_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await under.lake.table(PROBE).vacuum({ retentionMs: 0, force: true });
    const head = await under.lake.table(PROBE).head();
    const keys: string[] = [];
    for await (const { key } of under.deps.store.list(`${PROBE.name}/year=`))
      keys.push(key.slice(PROBE.name.length + 1));
    assert.deepEqual(
      keys,
      head?.files.map((file) => file.path),
      'vacuum sees all that it left behind',
    );
  });
});
