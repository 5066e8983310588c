import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTickReader, type Ticks } from '#adapters/sqlite-ticks/open-ticks.ts';
import { CondvestError } from '#base/errors.ts';
import { checkpointAt, flat, openTicksAt, presentOf, SESSION } from '#test/contract/tick-places.ts';

/**
 * A process in a mount namespace of its own, whose argument is a folder that is a disk of a few megabytes. It fills the
 * disk while ticks are written, makes room again, and then takes the right to write away. It ends with 0 if all is well.
 */
const [root = ''] = process.argv.slice(2);
const folder = join(root, 'live');
const ballast = join(root, 'ballast');
const present = presentOf();
const EVER = { fromMs: 0, toMs: 2 ** 45, kind: 'trades' } as const;
const open = (): Ticks => openTicksAt({ kind: 'sqlite', folder }, present, ({ reason }) => assert.fail(reason));
const frame = (n: number, size: number) => ({
  number: n,
  kind: 'frame',
  connection: 1,
  receivedMs: n,
  bytes: new Uint8Array(size).fill(n),
});

{
  using ticks = open();
  const acknowledged: number[] = [...(await ticks.stream.append([frame(0, 10)]))];
  // Sizes that end at different places: in the log, in its index, in the database.
  for (const [round, freeBytes] of [0, 4096, 30_000, 70_000, 200_000].entries()) {
    fillDisk(freeBytes);
    const failure = await appendUntilFailure(ticks, acknowledged, round);
    assert.deepEqual([failure.code, failure.kind], ['ticks-no-space', 'permanent'], failure.message);
    const put = {
      session: SESSION,
      blocks: [block(1, 600_000 + round)],
      checkpoint: checkpointAt(acknowledged.at(-1) ?? 0),
    };
    await assert.rejects(ticks.store.put(put), { code: 'ticks-no-space' });
    assert.equal(await ticks.store.checkpoint(), undefined);
    assert.deepEqual(await flat(ticks.store.blocks(EVER)), [], 'nothing was left half-written');
    assert.deepEqual(await positionsOf(ticks), acknowledged);
    rmSync(ballast);
    acknowledged.push(...(await ticks.stream.append([frame(round, 5000)])));
    assert.deepEqual(await positionsOf(ticks), acknowledged);
  }
  fillDisk(0);
  ticks[Symbol.dispose]();
  using again = open();
  assert.deepEqual(await positionsOf(again), acknowledged, 'a full disk is no obstacle to reading');
  rmSync(ballast);
  await again.store.put({ session: SESSION, blocks: [block(1, 1000)] });
}

execFileSync('mount', ['-o', 'remount,ro', root]);
using reader = openTickReader({ folder, oldestSession: () => present.oldest });
assert.equal((await flat(reader.reader.blocks(EVER))).length, 1);
{
  using ticks = open();
  await assert.rejects(ticks.stream.append([frame(1, 10)]), { code: 'ticks-read-only', kind: 'permanent' });
}
assert.deepEqual(readdirSync(folder), [`ticks-${SESSION}.sqlite`]);

/** Leaves so many bytes on the disk, and less than a page more. */
function fillDisk(freeBytes: number): void {
  assert.ok(!existsSync(ballast));
  for (let size = 1 << 22; size >= 4096; size >>= 1) {
    for (;;) {
      try {
        writeFileSync(ballast, new Uint8Array(size), { flag: 'a' });
      } catch (cause) {
        assert.ok(cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC', String(cause));
        break;
      }
    }
  }
  truncateSync(ballast, statSync(ballast).size - freeBytes);
}

async function appendUntilFailure(ticks: Ticks, acknowledged: number[], round: number): Promise<CondvestError> {
  for (;;) {
    try {
      acknowledged.push(...(await ticks.stream.append([frame(round, 3000), frame(round, 40_000)])));
    } catch (cause) {
      assert.ok(cause instanceof CondvestError, String(cause));
      return cause;
    }
  }
}

async function positionsOf(ticks: Ticks): Promise<number[]> {
  return (await flat(ticks.stream.read())).map(({ position }) => position);
}

function block(minute: number, size: number) {
  const pieces = Array.from({ length: Math.ceil(size / 300_000) }, () => new Uint8Array(Math.min(size, 300_000)));
  return { symbol: 'AAPL', kind: 'trades', minuteMs: minute * 60_000, rev: 1, pieces } as const;
}
