import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { addDays, type IsoDate, isoDate, yearOf } from '#base/dates.ts';
import { SessionSet } from '#market/session-set.ts';

import type { Add } from './actions.ts';
import { DataFile, UNITS_TAG } from './files.ts';
import { type HeldFile, type PutTarget, planTargets, SHARED_UNITS_MIN } from './put.ts';

const FIRST = isoDate('2023-12-01');

/** n dates from an offset in days on. */
function days(offset: number, n: number): SessionSet {
  return SessionSet.of(Array.from({ length: n }, (_, i) => addDays(FIRST, offset + i)));
}

function fileOf(path: string, units: SessionSet): HeldFile {
  const add: Add = {
    path,
    partitionValues: {},
    size: 1,
    modificationTime: 0,
    dataChange: true,
    tags: { [UNITS_TAG]: units.toString() },
  };
  return { file: new DataFile(path, add, 'session'), units };
}

function plan(files: readonly HeldFile[], fresh: SessionSet, mayShare: (unit: IsoDate) => boolean): PutTarget[] {
  return planTargets({ files, fresh, mayShare, sharedMin: SHARED_UNITS_MIN });
}

const everything = (): boolean => true;
const nothing = (): boolean => false;

describe('the files of a put', () => {
  test('a session that may still change gets a file of its own', () => {
    const targets = plan([], days(31, 30), nothing);
    assert.equal(targets.length, 30);
    assert(targets.every((target) => target.units.size === 1 && target.keep.length === 0));
  });

  test('21 settled sessions of a year share a file; 20 do not', () => {
    assert.equal(plan([], days(31, 21), everything).length, 1);
    assert.equal(plan([], days(31, 20), everything).length, 20);
    const twoYears = plan([], days(0, 62), everything);
    assert.deepEqual(
      twoYears.map(({ year, units }) => [year, units.size]),
      [
        [2023, 31],
        [2024, 31],
      ],
    );
  });

  test('correcting one session of a shared file rewrites that file, with all its other sessions', () => {
    const shared = fileOf('shared', days(31, 200));
    const [target, ...others] = plan([shared], days(40, 1), nothing);
    assert.equal(others.length, 0);
    assert(target !== undefined);
    assert(target.units.equals(shared.units));
    assert(target.fresh.equals(days(40, 1)));
    assert.deepEqual(target.keep, [shared]);
  });

  test('a file whose every session is put anew is not read', () => {
    const [target] = plan([fileOf('shared', days(31, 2))], days(31, 2), nothing);
    assert.deepEqual(target?.keep, []);
  });

  test('a foreign file that mixes years is taken apart', () => {
    const targets = plan([fileOf('mixed', days(29, 4))], days(29, 1), nothing);
    assert.deepEqual(
      targets.map(({ year, units }) => [year, units.toArray().length]),
      [
        [2023, 2],
        [2024, 2],
      ],
    );
  });

  test('every unit ends in exactly one file, of its own year, and every kept one is read from where it was', () => {
    const unit = fc.integer({ min: 0, max: 60 });
    const held = fc.array(fc.uniqueArray(unit, { minLength: 1, maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(held, fc.uniqueArray(unit, { maxLength: 60 }), unit, (groups, putDays, settledUpTo) => {
        const at = (day: number): IsoDate => addDays(FIRST, day);
        const files = groups.map((group, index) => fileOf(String(index), SessionSet.of(group.map(at))));
        const fresh = SessionSet.of(putDays.map(at));
        const targets = plan(files, fresh, (date) => date <= at(settledUpTo));
        const all = SessionSet.of([...files.flatMap((file) => [...file.units]), ...fresh]);
        assert.deepEqual(
          targets.flatMap((target) => [...target.units]).sort(),
          [...all],
          'no unit lost and none twice',
        );
        for (const { year, units, keep, fresh: ofPut } of targets) {
          assert([...units].every((date) => yearOf(date) === year));
          assert(ofPut.equals(units.intersection(fresh)));
          const kept = units.difference(fresh);
          for (const file of files) assert.equal(keep.includes(file), file.units.intersects(kept));
        }
      }),
      { seed: 7 },
    );
  });
});
