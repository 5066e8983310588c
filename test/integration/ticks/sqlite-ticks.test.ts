import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openTickReader } from '#adapters/sqlite-ticks/open-ticks.ts';
import type { SetAsideFile } from '#adapters/sqlite-ticks/tick-files.ts';
import { isoDate } from '#base/dates.ts';
import type { MinuteBlock } from '#ports/tick-store.ts';
import { flat, NEXT_SESSION, openTicksAt, presentOf, SESSION } from '#test/contract/tick-places.ts';
import { memoryFolder } from '#test/fixtures/memory-folder.ts';

/** A home whose live folder holds one file with some rows, closed cleanly. */
async function home() {
  const root = await mkdtemp(join(memoryFolder(), 'condvest-ticks-'));
  const folder = join(root, 'live');
  const present = presentOf();
  const setAside: SetAsideFile[] = [];
  const open = (bytesMax?: number) =>
    openTicksAt({ kind: 'sqlite', folder }, present, (file) => setAside.push(file), bytesMax);
  const positions: number[] = [];
  {
    using ticks = open();
    positions.push(...(await ticks.stream.append([frame(1), frame(2)])));
    await ticks.store.put({ session: SESSION, blocks: Array.from({ length: 50 }, (_, i) => block(i)) });
  }
  return {
    folder,
    present,
    setAside,
    open,
    positions,
    file: join(folder, `ticks-${SESSION}.sqlite`),
    openReader: () => openTickReader({ folder, oldestSession: () => present.oldest }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

const EVER = { fromMs: 0, toMs: 2 ** 45, kind: 'trades' } as const;

test('files of ticks are for their owner alone, the log beside them as well', async () => {
  await using at = await home();
  using ticks = at.open();
  await ticks.stream.append([frame(3)]);
  const modes = readdirSync(at.folder).map((name) => [name, statSync(join(at.folder, name)).mode & 0o777]);
  assert.equal(modes.length, 3);
  for (const [name, mode] of modes) assert.equal(mode, 0o600, String(name));
  assert.equal(statSync(at.folder).mode & 0o777, 0o700);
});

const DAMAGES: Readonly<Record<string, (file: string) => void>> = {
  'that was cut': (file) => truncateSync(file, statSync(file).size - 10_000),
  'that is empty': (file) => truncateSync(file, 0),
  'whose beginning is gone': (file) => overwrite(file, 0, 200),
  'with a damaged page in the middle': (file) => overwrite(file, 4096 * 5, 4096),
  'that is no database': (file) => writeFileSync(file, 'a letter to nobody'.repeat(500)),
  'of another program': (file) => {
    writeFileSync(file, '');
    const other = new DatabaseSync(file);
    other.exec('create table letters (text)');
    other.close();
  },
};
for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`a file ${what} is set aside and said, and a new one begins with later positions`, async () => {
    await using at = await home();
    damage(at.file);
    const found = readFileSync(at.file);
    using ticks = at.open();
    const [position = 0] = await ticks.stream.append([frame(3)]);
    assert.ok(position > (at.positions.at(-1) ?? 0));
    assert.deepEqual(
      (await flat(ticks.stream.read())).map((each) => each.position),
      [position],
    );
    assert.deepEqual(await flat(ticks.store.blocks(EVER)), []);
    const [aside, ...more] = at.setAside;
    assert.deepEqual([aside?.session, more], [SESSION, []]);
    assert.match(aside?.reason ?? '', /damaged, or is none/);
    assert.deepEqual(readFileSync(aside?.path ?? ''), found, 'it is there for whoever wants to look at it');

    // A second one on the same day, with a clock that was set back.
    at.present.nowMs -= 3_600_000;
    ticks[Symbol.dispose]();
    damage(at.file);
    using again = at.open();
    const [later = 0] = await again.stream.append([frame(4)]);
    assert.ok(later > position);
    assert.equal(at.setAside.length, 2);

    at.present.session = NEXT_SESSION;
    at.present.oldest = NEXT_SESSION;
    assert.equal((await again.store.expire()).deleted.length, 3, 'it expires with its session');
    assert.deepEqual(readdirSync(at.folder), []);
  });
}

test('damage that a writer meets in an older session is set aside too, and the others are read', async () => {
  await using at = await home();
  at.present.session = NEXT_SESSION;
  {
    using ticks = at.open();
    await ticks.store.put({ session: NEXT_SESSION, blocks: [block(0)] });
  }
  overwrite(at.file, 4096 * 2, statSync(at.file).size - 4096 * 2);
  using reader = at.openReader();
  await assert.rejects(flat(reader.reader.blocks(EVER)), { code: 'ticks-corrupt', kind: 'corrupt' });
  assert.ok(existsSync(at.file), 'a reader changes nothing');
  using ticks = at.open();
  await assert.rejects(flat(ticks.store.blocks(EVER)), { code: 'ticks-corrupt', kind: 'corrupt' });
  assert.equal(at.setAside.length, 1);
  assert.equal((await flat(ticks.store.blocks(EVER))).length, 1);
  assert.equal((await flat(reader.reader.blocks(EVER))).length, 1);
});

test('a file of a newer layout is refused with one clear message, and left as it is', async () => {
  await using at = await home();
  const newer = new DatabaseSync(at.file);
  newer.exec('pragma user_version = 2');
  newer.close();
  const before = readFileSync(at.file);
  using ticks = at.open();
  using reader = at.openReader();
  const refusal = { code: 'ticks-layout-newer', kind: 'permanent', allowed: 'layout 1' };
  await assert.rejects(ticks.stream.append([frame(3)]), refusal);
  await assert.rejects(ticks.store.put({ session: SESSION, blocks: [block(0)] }), refusal);
  await assert.rejects(ticks.store.checkpoint(), refusal);
  await assert.rejects(reader.reader.sessions(), refusal);
  assert.deepEqual(readFileSync(at.file), before);
  assert.deepEqual(at.setAside, []);
});

test('a session that reaches the bound takes no more, keeps what it has, and goes on once there is room', async () => {
  await using at = await home();
  {
    using ticks = at.open(statSync(at.file).size + 400_000);
    const stored = (await flat(ticks.store.blocks(EVER))).length;
    const large = (minute: number) => block(minute, new Uint8Array(380_000));
    const refusal = { code: 'ticks-over-bound', kind: 'permanent' };
    await assert.rejects(ticks.store.put({ session: SESSION, blocks: [block(50), large(51), large(52)] }), refusal);
    assert.equal((await flat(ticks.store.blocks(EVER))).length, stored, 'nothing of it was written');
    await assert.rejects(ticks.stream.append([{ ...frame(3), bytes: new Uint8Array(2_000_000) }]), refusal);
    assert.equal((await flat(ticks.stream.read())).length, 2);
    await ticks.stream.append([frame(3)]);
  }
  using ticks = at.open();
  await ticks.store.put({ session: SESSION, blocks: [block(50)] });
  assert.deepEqual(at.setAside, []);
});

test('leftovers of a killed creation do no harm, and are deleted when they are old', async () => {
  await using at = await home();
  const part = join(at.folder, `ticks-${NEXT_SESSION}.sqlite.new-4711`);
  writeFileSync(part, 'half');
  // The log of a file that was deleted must not become that of the next one.
  const log = join(at.folder, `ticks-${NEXT_SESSION}.sqlite-wal`);
  writeFileSync(log, readFileSync(at.file));
  using ticks = at.open();
  const put = { session: NEXT_SESSION, blocks: [block(0)] };
  await assert.rejects(ticks.store.put(put), { code: 'ticks-busy', kind: 'transient' }, 'its owner may be alive');
  utimesSync(log, 0, Date.now() / 1000 - 60);
  await ticks.store.put(put);
  assert.equal((await flat(ticks.store.blocks(EVER))).length, 51);
  utimesSync(part, 0, at.present.nowMs / 1000 - 60);
  await ticks.store.expire();
  assert.ok(existsSync(part), 'the process that creates it may be alive');
  utimesSync(part, 0, at.present.nowMs / 1000 - 7200);
  await ticks.store.expire();
  assert.ok(!existsSync(part));
});

test('what else is in the folder is none of our files', async () => {
  await using at = await home();
  for (const name of ['ticks-2026-13-01.sqlite', 'ticks-2026-12-01.sqlite.bak', 'rejects.ndjson', 'live.sock']) {
    writeFileSync(join(at.folder, name), 'x');
  }
  at.present.oldest = isoDate('2026-12-03');
  at.present.session = at.present.oldest;
  using ticks = at.open();
  assert.equal((await ticks.store.expire()).deleted.length, 1);
  assert.deepEqual(readdirSync(at.folder).length, 4);
});

function overwrite(path: string, from: number, bytes: number): void {
  const all = readFileSync(path);
  all.fill(0xa5, from, from + bytes);
  writeFileSync(path, all);
}

function frame(n: number) {
  return { number: n, kind: 'frame', connection: 1, receivedMs: n, bytes: new Uint8Array(100).fill(n) };
}

function block(minute: number, bytes: Uint8Array = new Uint8Array(3000).fill(minute)): MinuteBlock {
  return { symbol: 'AAPL', kind: 'trades', minuteMs: minute * 60_000, rev: 1, pieces: [bytes] };
}
