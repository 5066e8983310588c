import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { SessionSet } from '#market/session-set.ts';

import type { Add, CommitActions, Remove } from './actions.ts';
import { schemaStringOf } from './delta-schema.ts';
import { nextTimestamp, Replay } from './snapshot.ts';

const EMPTY: CommitActions = { txns: [], adds: [], removes: [] };
const FIRST: CommitActions = {
  ...EMPTY,
  commitInfo: { timestamp: 1000 },
  protocol: { minReaderVersion: 1, minWriterVersion: 2 },
  metaData: {
    id: 'id',
    format: { provider: 'parquet' },
    schemaString: schemaStringOf([{ name: 'session', type: 'date', comment: '' }]),
    partitionColumns: ['year'],
    configuration: {},
  },
};

function add(path: string, extra: Partial<Add> = {}): Add {
  return { path, partitionValues: {}, size: 1, modificationTime: 1, dataChange: true, ...extra };
}

function remove(path: string): Remove {
  return { path, dataChange: true, deletionTimestamp: 1 };
}

function replayed(...commits: CommitActions[]): Replay {
  const replay = new Replay('t', 'session', { tombstones: true });
  for (const [version, actions] of commits.entries()) replay.apply(version, actions);
  return replay;
}

describe('the state of a table', () => {
  it('is what the last action on each file says', () => {
    const replay = replayed(
      { ...FIRST, adds: [add('a'), add('b'), add('c%20d')] },
      { ...EMPTY, commitInfo: { timestamp: 2000 }, removes: [remove('a'), remove('c d')] },
      { ...EMPTY, commitInfo: { timestamp: 3000 }, adds: [add('a', { size: 7 })], removes: [remove('b')] },
    );
    const snapshot = replay.snapshot();
    assert.deepEqual(
      snapshot.files.map((file) => [file.path, file.sizeBytes]),
      [['a', 7]],
    );
    assert.deepEqual([snapshot.version, snapshot.timestampMs], [2, 3000]);
    const tombstones = [...(replay.tombstones ?? [])].map(([path, { removedMs }]) => [path, removedMs]);
    assert.deepEqual(
      tombstones,
      [
        ['c d', 2000],
        ['b', 3000],
      ],
      'dated by their commit',
    );
  });

  it('does not change with the replay that it was taken from', () => {
    const replay = replayed({ ...FIRST, adds: [add('a')] });
    const before = replay.snapshot();
    replay.apply(1, { ...EMPTY, adds: [add('b')], txns: [{ appId: 'x', version: 1 }] });
    assert.equal(before.fileCount, 1);
    assert.equal(before.txns.size, 0);
    assert.equal(replay.snapshot().txns.get('x'), 1);
  });

  it('has instants that rise strictly, whatever the clocks of other writers say', () => {
    const at = (timestamp?: number): CommitActions => ({ ...EMPTY, commitInfo: { timestamp } });
    assert.equal(replayed(FIRST, at(500)).timestampMs, 1001);
    assert.equal(replayed(FIRST, at(500), at(undefined)).timestampMs, 1002);
    assert.equal(replayed(FIRST, at(500), at(9000)).timestampMs, 9000);
    assert.equal(nextTimestamp(Number.NEGATIVE_INFINITY, undefined), 0);
  });

  it('cannot begin without a protocol and metadata', () => {
    assert.throws(() => replayed(EMPTY), { code: 'lake-log-corrupt', kind: 'corrupt' });
  });

  it('of a newer protocol is refused before any of its files is looked at', () => {
    const newer = { ...FIRST, protocol: { minReaderVersion: 2, minWriterVersion: 5 } };
    assert.throws(() => replayed({ ...newer, adds: [add('s3://elsewhere')] }), { code: 'lake-protocol-too-new' });
  });
});

describe('the units that a file may hold', () => {
  const session = isoDate('2024-03-05');
  const units = SessionSet.of([session]);
  const touching = (file: Add): boolean =>
    replayed({ ...FIRST, adds: [file] })
      .snapshot()
      .filesTouching(units).length === 1;

  it('are those of our tag', () => {
    assert.ok(touching(add('a', { tags: { 'condvest.sessions': '2024-03-01..2024-03-29' } })));
    assert.ok(!touching(add('a', { tags: { 'condvest.sessions': '2024-03-04,2024-03-06' } })));
  });

  it('are the range of the statistics in a file without the tag', () => {
    const stats = (min: string, max: string): string =>
      JSON.stringify({ numRecords: 1, minValues: { session: min }, maxValues: { session: max } });
    assert.ok(touching(add('a', { stats: stats('2024-03-04', '2024-03-06') })));
    assert.ok(!touching(add('a', { stats: stats('2024-03-06', '2024-03-09') })));
    assert.ok(touching(add('a', { stats: stats('0001-01-01', '9999-12-31') })), 'a range beyond belief is anything');
  });

  it('are the days of the partition in a file without statistics', () => {
    assert.ok(touching(add('a', { partitionValues: { year: '2024' } })));
    assert.ok(!touching(add('a', { partitionValues: { year: '2023' } })));
  });

  it('may be anything in a file of which nothing can be read', () => {
    assert.ok(touching(add('a')));
    assert.ok(touching(add('a', { stats: '{not json', tags: { 'condvest.sessions': 'nonsense' } })));
  });
});
