import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { addDays, type IsoDate, isoDate } from '#base/dates.ts';
import { SessionSet } from '#market/session-set.ts';

import type { Add } from './actions.ts';
import { type CompactRules, planCompaction, planMerge } from './compact.ts';
import { DataFile, UNITS_TAG } from './files.ts';
import type { HeldFile } from './put.ts';

const FIRST = isoDate('2024-01-01');

function days(offset: number, n: number): SessionSet {
  return SessionSet.of(Array.from({ length: n }, (_, i) => addDays(FIRST, offset + i)));
}

function fileOf(path: string, units: SessionSet, options: { foreign?: boolean; size?: number } = {}): HeldFile {
  const { foreign = false, size = 1 } = options;
  const add: Add = {
    path,
    partitionValues: { year: units.min?.slice(0, 4) ?? null },
    size,
    modificationTime: 0,
    dataChange: true,
    stats: JSON.stringify({ numRecords: units.size }),
    ...(foreign ? {} : { tags: { [UNITS_TAG]: units.toString() } }),
  };
  return { file: new DataFile(path, add, 'session'), units };
}

/** A file of its own for each of n days. */
function own(offset: number, n: number): HeldFile[] {
  return [...days(offset, n)].map((date) => fileOf(`own-${date}`, SessionSet.of([date])));
}

function rules(parts: Partial<CompactRules> = {}): CompactRules {
  return { mode: 'incremental', mayShare: () => true, isWholeYear: () => false, ...parts };
}

function chosen(files: readonly HeldFile[], parts: Partial<CompactRules> = {}): string[][] {
  return planCompaction(files, rules(parts)).map((group) => group.files.map(({ file }) => file.path).sort());
}

function paths(files: readonly HeldFile[]): string[] {
  return files.map(({ file }) => file.path).sort();
}

describe('incremental', () => {
  test('21 settled sessions join the year file; 20 wait', () => {
    const main = fileOf('main', days(0, 100));
    assert.deepEqual(chosen([main, ...own(100, 21)]), [paths([main, ...own(100, 21)])]);
    assert.deepEqual(chosen([main, ...own(100, 20)]), []);
    assert.deepEqual(chosen(own(0, 21)), [paths(own(0, 21))]);
  });

  test('sessions that may still change stay out', () => {
    const settledUpTo = addDays(FIRST, 20);
    const mayShare = (date: IsoDate): boolean => date <= settledUpTo;
    assert.deepEqual(chosen(own(0, 30), { mayShare }), [paths(own(0, 21))]);
    assert.deepEqual(chosen(own(1, 30), { mayShare }), []);
  });

  test('the last few of a year that is whole are merged, however few, and once', () => {
    const isWholeYear = (_: number, units: SessionSet): boolean => units.size === 105;
    const main = fileOf('main', days(0, 100));
    assert.deepEqual(chosen([main, ...own(100, 5)], { isWholeYear }), [paths([main, ...own(100, 5)])]);
    assert.deepEqual(chosen([main, ...own(100, 4)], { isWholeYear }), []);
    assert.deepEqual(chosen([fileOf('merged', days(0, 105))], { isWholeYear }), []);
    assert.deepEqual(chosen(own(0, 1), { isWholeYear: () => true }), []);
  });

  test('what another program wrote is rewritten, with the files that share its sessions', () => {
    const foreign = fileOf('foreign', days(3, 2), { foreign: true });
    const main = fileOf('main', days(200, 100));
    const groups = planCompaction([main, foreign, ...own(0, 5)], rules({ mayShare: () => false }));
    assert.deepEqual(
      groups.map(({ files, sharedMin }) => [paths(files), sharedMin]),
      [[paths([foreign, ...own(3, 2)]), 21]],
    );
  });

  test('only the years asked for', () => {
    const files = [...own(0, 30), ...own(400, 30)];
    assert.equal(chosen(files).length, 2);
    assert.deepEqual(chosen(files, { years: [2025] }), [paths(own(400, 30))]);
  });
});

describe('full', () => {
  test('every year is written again; sessions that may still change keep their files', () => {
    const main = fileOf('main', days(0, 100));
    const mayShare = (date: IsoDate): boolean => date < addDays(FIRST, 103);
    assert.deepEqual(chosen([main, ...own(100, 5)], { mode: 'full', mayShare }), [paths([main, ...own(100, 3)])]);
    assert.deepEqual(chosen([main], { mode: 'full' }), [['main']]);
    assert.deepEqual(chosen(own(0, 3), { mode: 'full', mayShare: () => false }), []);
  });
});

test('a table written in small pieces is merged when there are many', () => {
  const small = Array.from({ length: 21 }, (_, i) => fileOf(`small-${i}`, days(0, 1)).file);
  const large = fileOf('large', days(0, 1), { size: 2 ** 30 }).file;
  assert.equal(planMerge([...small, large], 'incremental').length, 21);
  assert.deepEqual(planMerge([...small.slice(1), large], 'incremental'), []);
  assert.equal(planMerge([...small, large], 'full').length, 22);
  assert.deepEqual(planMerge([large], 'full'), []);
});
