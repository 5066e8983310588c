import { createInterface } from 'node:readline';
import { assert } from '#base/assert.ts';
import type { MinuteBlock } from '#ports/tick-store.ts';
import { checkpointAt, flat, openTicksAt, presentOf, SESSION, type TicksAddress } from './tick-places.ts';

/**
 * A process that keeps ticks, to be killed at any moment. It numbers its records from 0, and writes each number down as
 * the engine does with events: first into the stream, then, with all others since the last seal, into a block that has the
 * checkpoint with it. Restarted, it goes on after the last number it finds.
 */
export type WorkerMessage =
  | { readonly ready: true }
  /** All numbers below this one are acknowledged. */
  | { readonly appended: number }
  /** Blocks below this one are acknowledged. */
  | { readonly sealed: number };

const MINUTE_MS = 60_000;
/** Records of an append, and appends of a block. */
const RECORDS = 5;
const APPENDS = 4;
/** Symbols whose blocks are put together. */
export const SYMBOLS: readonly string[] = ['A', 'B', 'C'];

/** Returns the numbers that blocks of a symbol hold, block by block. */
export function numbersIn(blocks: readonly MinuteBlock[]): number[][] {
  return blocks.map(({ pieces }) => JSON.parse(Buffer.concat(pieces).toString()) as number[]);
}

export function numberOf(bytes: Uint8Array): number {
  return Number(Buffer.from(bytes).toString().split(' ')[0]);
}

/** A frame of a few kilobytes that begins with its number. */
function frameOf(n: number): Uint8Array {
  return Buffer.from(`${n} ${'x'.repeat((n * 337) % 3000)}`);
}

function say(message: WorkerMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Run as a program: the address and the number of its own connection are its arguments; it begins with the first line. */
if (import.meta.main) {
  const address = JSON.parse(process.argv[2] ?? '') as TicksAddress;
  const connection = Number(process.argv[3]);
  // Tests that share a stream among writers need no blocks.
  const isSealing = process.argv[4] !== 'append-only';
  using ticks = openTicksAt(address, presentOf());
  say({ ready: true });
  await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
  const blocks = await flat(ticks.store.blocks({ symbol: 'A', kind: 'trades', fromMs: 0, toMs: 2 ** 45 }));
  const unsealed = isSealing
    ? (await flat(ticks.stream.read((await ticks.store.checkpoint())?.readAfter))).map(({ bytes }) => numberOf(bytes))
    : [];
  let minute = blocks.length;
  let next = (unsealed.at(-1) ?? numbersIn(blocks).flat().at(-1) ?? -1) + 1;
  for (let round = 1; ; round += 1) {
    const numbers = Array.from({ length: RECORDS }, (_, i) => next + i);
    const positions = await ticks.stream.append(
      numbers.map((n) => ({ number: n, kind: 'frame', connection, receivedMs: n, bytes: frameOf(n) })),
    );
    next += RECORDS;
    unsealed.push(...numbers);
    say({ appended: next });
    if (!isSealing || round % APPENDS !== 0) continue;
    const checkpoint = positions.at(-1);
    assert(checkpoint !== undefined, 'an append has positions');
    const pieces = [Buffer.from(JSON.stringify(unsealed.splice(0)))];
    const key = { rev: 1, minuteMs: minute * MINUTE_MS };
    await ticks.store.put({
      session: SESSION,
      blocks: SYMBOLS.map((symbol) => ({ symbol, kind: 'trades', ...key, pieces })),
      checkpoint: checkpointAt(checkpoint),
    });
    minute += 1;
    say({ sealed: minute });
  }
}
