import assert from 'node:assert/strict';
import { copyBuiltOnce } from '#test/fixtures/built-once.ts';
import { condvest } from './command-line.ts';

const MARKET = ['--symbols', '30', '--years', '3'];

/** Fills a home with a simulated market, as `condvest up --once` builds it. The market is built once a run and copied. */
export async function fillHome(home: string): Promise<void> {
  await copyBuiltOnce('simulated-home', home, async (folder) => {
    const { code, err } = await condvest(['up', '--once', ...MARKET], { home: folder });
    assert.equal(code, 0, err);
  });
}
