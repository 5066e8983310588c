import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { SessionSet } from '#market/session-set.ts';

import type { Add, CommitActions, Remove } from './actions.ts';
import { changedUnits, conflictOf } from './conflict.ts';
import { schemaStringOf } from './delta-schema.ts';
import type { TableDefinition } from './schema.ts';
import { Replay, type Snapshot } from './snapshot.ts';
import type { WritePlan } from './write-plan.ts';

const DEFINITION: TableDefinition = {
  name: 't',
  comment: '',
  columns: [{ name: 'session', type: 'date', comment: '' }],
  key: [],
  sortBy: [],
  partitionBy: ['year'],
  unitColumn: 'session',
};

function units(text: string): SessionSet {
  return SessionSet.parse(text) ?? SessionSet.empty;
}

function add(path: string, sessions: string | undefined, dataChange = true): Add {
  const tags = sessions === undefined ? undefined : { 'condvest.sessions': sessions };
  return { path, partitionValues: {}, size: 1, modificationTime: 1, dataChange, tags };
}

function remove(path: string, dataChange = true): Remove {
  return { path, dataChange };
}

function commit(parts: Partial<CommitActions>): CommitActions {
  return { txns: [], adds: [], removes: [], ...parts };
}

function ours(sessions: string, parts: Partial<CommitActions>): CommitActions {
  return commit({ commitInfo: { timestamp: 1, engineInfo: 'condvest', sessions }, ...parts });
}

const BASE: Snapshot = (() => {
  const replay = new Replay('t', 'session');
  replay.apply(
    0,
    commit({
      protocol: { minReaderVersion: 1, minWriterVersion: 2 },
      metaData: {
        id: 'id',
        format: { provider: 'parquet' },
        schemaString: schemaStringOf(DEFINITION.columns),
        partitionColumns: ['year'],
        configuration: {},
      },
      adds: [add('mon', '2024-01-08'), add('tue', '2024-01-09'), add('wed', '2024-01-10')],
    }),
  );
  return replay.snapshot();
})();

function plan(parts: Partial<WritePlan>): WritePlan {
  return { operation: 'WRITE', add: [], remove: [], units: SessionSet.empty, dataChange: true, ...parts };
}

function file(path: string): Snapshot['files'][number] {
  const found = BASE.file(path);
  if (found === undefined) throw new Error(path);
  return found;
}

describe('a plan that others got in front of', () => {
  const tuesday = plan({ units: units('2024-01-09'), remove: [file('tue')] });

  it('stands where they changed other sessions', () => {
    const other = ours('2024-01-10', { adds: [add('wed2', '2024-01-10')], removes: [remove('wed')] });
    assert.equal(conflictOf(tuesday, DEFINITION, BASE, [other, other]), undefined);
  });

  it('is made again where they put the same session: two blind appends would double its rows', () => {
    const append = ours('2024-01-09', { adds: [add('tue2', '2024-01-09')] });
    assert.match(conflictOf(plan({ units: units('2024-01-09') }), DEFINITION, BASE, [append]) ?? '', /2024-01-09/);
  });

  it('is made again where they took away a file that it removes', () => {
    const merged = commit({
      adds: [add('all', undefined, false)],
      removes: [remove('tue', false), remove('wed', false)],
    });
    assert.match(conflictOf(tuesday, DEFINITION, BASE, [merged]) ?? '', /tue was removed/);
  });

  it('is made again where they took away a file that it read', () => {
    const reading = plan({ units: units('2024-01-08'), read: [file('wed')] });
    const merged = commit({ adds: [add('all', undefined, false)], removes: [remove('wed', false)] });
    assert.match(conflictOf(reading, DEFINITION, BASE, [merged]) ?? '', /wed was removed/);
  });

  it('stands where they only rearranged other files', () => {
    const merged = commit({ adds: [add('all', '2024-01-08,2024-01-10', false)], removes: [remove('mon', false)] });
    assert.equal(conflictOf(tuesday, DEFINITION, BASE, [merged]), undefined);
  });

  it('is made again where they moved the checkpoint that it moves', () => {
    const txns = [{ appId: 'resample:x', version: 3 }];
    const mine = plan({ units: units('2024-01-09'), txns: new Map([['resample:x', 4]]) });
    assert.match(conflictOf(mine, DEFINITION, BASE, [ours('', { txns })]) ?? '', /resample:x moved/);
    assert.equal(conflictOf(tuesday, DEFINITION, BASE, [ours('', { txns })]), undefined, 'a checkpoint of another');
  });

  it('is made again where they changed the definition of the table', () => {
    const metaData = BASE.metaData;
    assert.match(conflictOf(tuesday, DEFINITION, BASE, [commit({ metaData })]) ?? '', /definition/);
  });

  it('is made again where it was to create the table and somebody else did', () => {
    assert.match(conflictOf(tuesday, DEFINITION, undefined, [commit({})]) ?? '', /created/);
  });

  it('is judged against each of several winners', () => {
    const winners = [
      ours('2024-01-10', { adds: [add('x', '2024-01-10')] }),
      ours('2024-01-09', { removes: [remove('tue')] }),
    ];
    assert.notEqual(conflictOf(tuesday, DEFINITION, BASE, winners), undefined);
  });

  it('of a table without units is made again whenever data changed', () => {
    const { unitColumn: _, ...whole } = DEFINITION;
    assert.notEqual(conflictOf(plan({}), whole, BASE, [commit({ adds: [add('x', undefined)] })]), undefined);
    assert.equal(conflictOf(plan({}), whole, BASE, [commit({ adds: [add('x', undefined, false)] })]), undefined);
  });
});

describe('the units that a foreign commit changed', () => {
  const stats = JSON.stringify({
    numRecords: 1,
    minValues: { session: '2024-01-08' },
    maxValues: { session: '2024-01-09' },
  });

  it('are the ranges of its files, and of those that it removed', () => {
    const foreign = commit({ adds: [{ ...add('x', undefined), stats }], removes: [remove('wed')] });
    const changed = changedUnits(foreign, 'session', (path) => BASE.file(path));
    assert.equal(changed?.toString(), '2024-01-08..2024-01-10');
  });

  it('are any where a file says nothing', () => {
    assert.equal(changedUnits(commit({ adds: [add('x', undefined)] }), 'session'), undefined);
    assert.equal(changedUnits(commit({ removes: [remove('unknown')] }), 'session'), undefined);
  });

  it('are none where rows were only moved', () => {
    assert.equal(changedUnits(commit({ adds: [add('x', undefined, false)] }), 'session')?.size, 0);
  });

  it('are not taken from a list that is not ours', () => {
    const foreign = commit({
      commitInfo: { timestamp: 1, engineInfo: 'other', sessions: '1999-01-04' },
      adds: [{ ...add('x', undefined), stats }],
    });
    assert.equal(changedUnits(foreign, 'session')?.toString(), '2024-01-08..2024-01-09');
  });
});
