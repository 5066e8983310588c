import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { effort } from '#test/fixtures/effort.ts';
import { checkedMinutes, runLiveSeed, type Wrap } from './live-world.ts';

const SEEDS = effort({ usual: 60, long: 2000 });

describe('the engine of the live layer', () => {
  test(`ends with the right bars and ticks, whenever it is killed and the disk is full (seeds 1 to ${SEEDS})`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) await runLiveSeed(seed);
    assert.ok(checkedMinutes > 5 * SEEDS, `${checkedMinutes} minutes were compared with the pure fold`);
  });

  const plants: readonly (readonly [name: string, wrap: () => Wrap])[] = [
    [
      'a journal that loses a record it has acknowledged',
      () => {
        let appends = 0;
        return ({ stream, ticks }) => ({
          ticks,
          stream: {
            ...bound(stream),
            append: async (records) => {
              appends += 1;
              const positions = await stream.append(records);
              if (appends % 40 === 0) await stream.trim(positions.at(-1) ?? 0);
              return positions;
            },
          },
        });
      },
    ],
    [
      'a store that keeps a checkpoint without the bars of its put',
      () =>
        ({ stream, ticks }) => ({
          stream,
          ticks: {
            ...boundStore(ticks),
            put: (put) => ticks.put(put.checkpoint === undefined ? put : { ...put, bars: [] }),
          },
        }),
    ],
    [
      'a store that loses a block',
      () =>
        ({ stream, ticks }) => ({
          stream,
          ticks: { ...boundStore(ticks), put: (put) => ticks.put({ ...put, bars: put.bars?.slice(1) ?? [] }) },
        }),
    ],
  ];
  for (const [name, wrap] of plants) {
    test(`${name} is caught`, async () => {
      await assert.rejects(async () => {
        for (let seed = 1; seed <= 20; seed += 1) await runLiveSeed(seed, wrap());
      }, /^Error: seed \d+/);
    });
  }
});

function bound(stream: Parameters<Wrap>[0]['stream']): Parameters<Wrap>[0]['stream'] {
  return {
    append: (records) => stream.append(records),
    read: (after) => stream.read(after),
    trim: (through) => stream.trim(through),
  };
}

function boundStore(ticks: Parameters<Wrap>[0]['ticks']): Parameters<Wrap>[0]['ticks'] {
  return {
    put: (put) => ticks.put(put),
    checkpoint: () => ticks.checkpoint(),
    expire: () => ticks.expire(),
    sessions: () => ticks.sessions(),
    symbols: (session) => ticks.symbols(session),
    blocks: (query) => ticks.blocks(query),
    bars: (query) => ticks.bars(query),
    stretches: (query) => ticks.stretches(query),
    gaps: (query) => ticks.gaps(query),
  };
}
