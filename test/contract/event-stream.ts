import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { APPEND_BYTES_MAX, RECORD_BYTES_MAX, type StreamRecord } from '#ports/event-stream.ts';
import { areRising, flat, NEXT_SESSION, SESSION, type TickPlace } from './tick-places.ts';

/** Contract suite for `EventStream`, run on a real one. */
export function eventStreamContract(name: string, make: () => Promise<TickPlace>): void {
  describe(`the event stream "${name}"`, () => {
    test('without records yields none, and trims nothing', async () => {
      await using place = await make();
      using ticks = place.open();
      assert.deepEqual(await flat(ticks.stream.read()), []);
      assert.deepEqual(await ticks.stream.append([]), []);
      const [position = 0] = await ticks.stream.append([record(1)]);
      await ticks.stream.trim(position);
      await ticks.stream.trim(position);
      assert.deepEqual(await flat(ticks.stream.read()), []);
    });

    test('yields records as they were appended, at rising positions', async () => {
      await using place = await make();
      using ticks = place.open();
      const records = [
        record(1, { kind: 'note', connection: 0 }),
        record(2, { bytes: new Uint8Array(0) }),
        record(3, { bytes: Uint8Array.from({ length: 70_000 }, (_, i) => i % 251), receivedMs: 0 }),
      ];
      const positions = [
        ...(await ticks.stream.append(records.slice(0, 2))),
        ...(await ticks.stream.append(records.slice(2))),
      ];
      assert.equal(new Set(positions).size, 3);
      assert.ok(areRising(positions), 'in the order of appends');
      assert.deepEqual(
        await flat(ticks.stream.read()),
        records.map((each, i) => ({ ...each, position: positions[i] })),
      );
    });

    test('reads on after any position, also in a process that starts later', async () => {
      await using place = await make();
      const positions: number[] = [];
      {
        using ticks = place.open();
        for (let i = 0; i < 10; i += 1) positions.push(...(await ticks.stream.append([record(i), record(i)])));
      }
      using ticks = place.open();
      for (const [i, position] of positions.entries()) {
        const rest = await flat(ticks.stream.read(position));
        assert.deepEqual(
          rest.map((each) => each.position),
          positions.slice(i + 1),
        );
      }
    });

    test('yields batches within the bound of an append, and a larger record alone', async () => {
      await using place = await make();
      using ticks = place.open();
      const half = new Uint8Array(APPEND_BYTES_MAX / 2);
      await ticks.stream.append([record(1, { bytes: half }), record(2, { bytes: half })]);
      await ticks.stream.append([record(3, { bytes: new Uint8Array(RECORD_BYTES_MAX) })]);
      await ticks.stream.append([record(4, { bytes: half })]);
      const counts: number[] = [];
      for await (const batch of ticks.stream.read()) counts.push(batch.length);
      assert.deepEqual(counts, [2, 1, 1]);
    });

    test('refuses batches over the bound, which only a bug appends', async () => {
      await using place = await make();
      using ticks = place.open();
      const half = { bytes: new Uint8Array(APPEND_BYTES_MAX / 2 + 1) };
      const bug = { name: 'AssertionError' };
      await assert.rejects(ticks.stream.append([record(1, half), record(2, half)]), bug);
      await assert.rejects(ticks.stream.append([record(1, { bytes: new Uint8Array(RECORD_BYTES_MAX + 1) })]), bug);
      assert.deepEqual(await flat(ticks.stream.read()), []);
    });

    test('forgets what was trimmed, nothing after it, and never gives a position again', async () => {
      await using place = await make();
      const seen: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        using ticks = place.open();
        const positions = await ticks.stream.append([record(1), record(2), record(3)]);
        for (const position of positions) assert.ok(position > (seen.at(-1) ?? 0), `${position} is new`);
        seen.push(...positions);
        await ticks.stream.trim(positions[round % 3] ?? 0);
        const left = await flat(ticks.stream.read());
        assert.deepEqual(
          left.map((each) => each.position),
          positions.slice((round % 3) + 1),
        );
        await ticks.stream.trim(positions[2] ?? 0);
      }
    });

    test('goes on over the change of sessions, and does not go back with the clock', async () => {
      await using place = await make();
      using ticks = place.open();
      const before = await ticks.stream.append([record(1), record(2)]);
      place.present.session = NEXT_SESSION;
      const after = await ticks.stream.append([record(3)]);
      place.present.session = SESSION;
      const back = await ticks.stream.append([record(4)]);
      const positions = [...before, ...after, ...back];
      assert.ok(areRising(positions));
      assert.deepEqual(
        (await flat(ticks.stream.read(before[0]))).map((each) => each.position),
        positions.slice(1),
      );
      await ticks.stream.trim(after[0] ?? 0);
      assert.deepEqual(
        (await flat(ticks.stream.read())).map((each) => each.position),
        back,
      );
    });

    test('shows what it appended to whoever reads beside it', async () => {
      await using place = await make();
      using first = place.open();
      using second = place.open();
      const a = await first.stream.append([record(1)]);
      const b = await second.stream.append([record(2)]);
      const c = await first.stream.append([record(3)]);
      for (const { stream } of [first, second]) {
        assert.deepEqual(
          (await flat(stream.read())).map((each) => each.position),
          [...a, ...b, ...c],
        );
      }
    });
  });
}

function record(n: number, more: Partial<StreamRecord> = {}): StreamRecord {
  return {
    number: n,
    kind: 'frame',
    connection: 10 + n,
    receivedMs: 1_764_600_000_000 + n,
    bytes: new TextEncoder().encode(`[{"ev":"T","n":${n}}]`),
    ...more,
  };
}
