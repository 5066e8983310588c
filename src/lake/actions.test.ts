import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { type CommitActions, decodePath, encodePath, isOurs, parseCommit, serializeCommit } from './actions.ts';

const lines = (...actions: unknown[]): Uint8Array =>
  Buffer.from(actions.map((action) => JSON.stringify(action)).join('\n'));

describe('a commit file', () => {
  it('is read back as it was written', () => {
    const actions: CommitActions = {
      commitInfo: { timestamp: 5, operation: 'WRITE', engineInfo: 'condvest', txnId: 'x', sessions: '2024-01-02' },
      protocol: { minReaderVersion: 1, minWriterVersion: 2 },
      metaData: {
        id: 'a',
        name: 'bronze/daily_bars',
        format: { provider: 'parquet', options: {} },
        schemaString: '{"type":"struct","fields":[]}',
        partitionColumns: ['year'],
        configuration: { 'condvest.layout': '1' },
        createdTime: 5,
      },
      txns: [{ appId: 'resample:x', version: 7, lastUpdated: 5 }],
      adds: [
        {
          path: 'year=2024/ü.parquet',
          partitionValues: { year: '2024' },
          size: 1,
          modificationTime: 2,
          dataChange: true,
          stats: '{"numRecords":1}',
          tags: { 'condvest.sessions': '2024-01-02' },
        },
      ],
      removes: [{ path: 'year=2024/b.parquet', deletionTimestamp: 5, dataChange: false, size: 9 }],
    };
    const back = parseCommit(serializeCommit(actions), 'f');
    assert.deepEqual(JSON.parse(JSON.stringify(back)), {
      ...JSON.parse(JSON.stringify(actions)),
      protocol: { minReaderVersion: 1, minWriterVersion: 2, readerFeatures: null, writerFeatures: null },
    });
  });

  it('may hold actions and fields that we do not know', () => {
    const back = parseCommit(
      lines(
        { domainMetadata: { domain: 'x' } },
        { cdc: { path: 'c' } },
        {
          add: {
            path: 'a',
            size: 1,
            modificationTime: 2,
            partitionValues: {},
            clusteringProvider: 'y',
            dataChange: true,
          },
        },
        { commitInfo: { clientVersion: 'delta-rs.0.1', timestamp: 1 } },
      ),
      'f',
    );
    assert.equal(back.adds.length, 1);
    assert.equal(back.commitInfo?.timestamp, 1);
    assert.equal(isOurs(back.commitInfo), false);
  });

  it('keeps what it does not know of the metadata, which is written again whole', () => {
    const wire = {
      id: 'a',
      format: { provider: 'parquet' },
      schemaString: '{}',
      partitionColumns: [],
      configuration: { x: 'y' },
      later: { field: 1 },
    };
    const { metaData } = parseCommit(lines({ metaData: wire }), 'f');
    assert.deepEqual((metaData as unknown as typeof wire).later, { field: 1 });
  });

  it('that is torn or no commit is corrupt, and the message names the file and the line', () => {
    const good = JSON.stringify({ commitInfo: {} });
    for (const bad of ['{"add":{"path":"x"', '[]', '"x"', '{"add":{"path":"x","size":1}}', '{"remove":{}}']) {
      assert.throws(() => parseCommit(Buffer.from(`${good}\n${bad}`), 't/_delta_log/1.json'), {
        code: 'lake-log-corrupt',
        kind: 'corrupt',
        message: /t\/_delta_log\/1\.json, line 2/,
      });
    }
  });
});

describe('paths of files', () => {
  it('are encoded so that every reader finds the file', () => {
    assert.equal(encodePath('year=2024/a b#%.parquet'), 'year=2024/a%20b%23%25.parquet');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        fc.pre(name.isWellFormed() && !name.startsWith('/'));
        assert.equal(decodePath(encodePath(name)), name);
      }),
    );
  });

  it('that lead out of the table are refused', () => {
    for (const path of ['s3://bucket/x.parquet', 'file:///etc/passwd', '/etc/passwd']) {
      assert.throws(() => decodePath(path), { code: 'lake-file-outside' });
    }
  });
});
