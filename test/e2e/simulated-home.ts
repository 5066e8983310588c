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

const LONG_MARKET = ['--symbols', '4', '--years', '24'];

/** Fills a home with more than 6,000 sessions of a few securities. */
export async function fillLongHome(home: string): Promise<void> {
  await copyBuiltOnce('long-simulated-home', home, async (folder) => {
    const { code, err } = await condvest(['up', '--once', ...LONG_MARKET], { home: folder });
    assert.equal(code, 0, err);
  });
}

/** Faults that leave sessions missing and partial for good. */
export const GAPS_ENV = { CONDVEST_SOURCE: 'simulated', CONDVEST_SCENARIO: 'missing-session,partial-session' };

/** Fills a home with a year of a market that fails to deliver some sessions, which the backfill's exit code says. */
export async function fillHomeWithGaps(home: string): Promise<void> {
  await copyBuiltOnce('simulated-home-with-gaps', home, async (folder) => {
    const { code, err } = await condvest(['backfill', '--years', '1'], { home: folder, env: GAPS_ENV });
    assert.equal(code, 3, err);
  });
}
