import { join } from 'node:path';

import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { Engine } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import { mergeFiles, PROBE, putSessions, sessions } from '#test/fixtures/probe-table.ts';

/**
 * A writing process, for tests that run several or kill one. Arguments: the lake's folder; steps as JSON, each a session to
 * put with a value, or "merge" or "checkpoint". Prints a line of JSON after each step that is done.
 */
export type Step = { readonly session: string; readonly value: number } | 'merge' | 'checkpoint';

const [root = '', steps = '[]'] = process.argv.slice(2);
const engine = await Engine.create({ tempFolder: join(root, '..', 'tmp'), threads: 1 });
const deps = { store: new FsObjectStore({ root }), engine, clock: systemClock, random: systemRandom };
const table = new Lake(deps).table(PROBE);
for (const step of JSON.parse(steps) as Step[]) {
  if (step === 'checkpoint') {
    await table.checkpoint();
    continue;
  }
  const planner = step === 'merge' ? mergeFiles(deps, 2024) : putSessions(deps, sessions(step.session), step.value);
  const committed = await table.write(planner);
  process.stdout.write(`${JSON.stringify({ step, version: committed?.version, attempts: committed?.attempts })}\n`);
}
engine.close();
