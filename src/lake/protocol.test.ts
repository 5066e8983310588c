import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { MetaData, Protocol } from './actions.ts';
import { columnsOf, schemaStringOf, schemaWithColumns } from './delta-schema.ts';
import {
  CONFIGURATION,
  checkpointInterval,
  checkReadable,
  checkWritable,
  fileRetentionMs,
  logRetentionMs,
} from './protocol.ts';
import type { Column } from './schema.ts';

const DAY_MS = 86_400_000;
const COLUMNS: Column[] = [
  { name: 'symbol', type: 'string', comment: 'Ticker' },
  { name: 'session', type: 'date', comment: '' },
];

function metaData(configuration: Record<string, string> = CONFIGURATION as Record<string, string>): MetaData {
  const schemaString = schemaStringOf(COLUMNS);
  return { id: 'x', format: { provider: 'parquet' }, schemaString, partitionColumns: [], configuration };
}

function protocol(reader: number, writer: number, readerFeatures?: string[], writerFeatures?: string[]): Protocol {
  return {
    minReaderVersion: reader,
    minWriterVersion: writer,
    readerFeatures: readerFeatures ?? null,
    writerFeatures: writerFeatures ?? null,
  };
}

describe('a table of a newer protocol', () => {
  it('is refused for reading, with what is found and what is allowed', () => {
    assert.throws(() => checkReadable(protocol(2, 5), metaData(), 't'), {
      code: 'lake-protocol-too-new',
      message: /reader version 2.*Allowed: reader version 1/,
    });
    assert.throws(() => checkReadable(protocol(3, 7, ['deletionVectors']), metaData(), 't'), /deletionVectors/);
    checkReadable(protocol(1, 2), metaData(), 't');
    checkReadable(protocol(1, 7, undefined, ['domainMetadata']), metaData(), 't');
  });

  it('is refused for writing where only writing is beyond us', () => {
    for (const newer of [protocol(1, 3), protocol(1, 4), protocol(1, 7, undefined, ['changeDataFeed'])]) {
      assert.throws(() => checkWritable(newer, metaData(), 't'), { code: 'lake-protocol-too-new' });
    }
    checkWritable(protocol(1, 2), metaData(), 't');
    checkWritable(protocol(1, 7, undefined, ['appendOnly', 'invariants']), metaData(), 't');
  });

  it('is refused for writing where somebody set column invariants', () => {
    const schemaString = JSON.stringify({
      type: 'struct',
      fields: [{ name: 'a', type: 'long', nullable: true, metadata: { 'delta.invariants': '{}' } }],
    });
    assert.throws(() => checkWritable(protocol(1, 2), { ...metaData(), schemaString }, 't'), {
      code: 'lake-invariants-unsupported',
    });
  });

  it('of a newer layout of ours is refused', () => {
    assert.throws(() => checkReadable(protocol(1, 2), metaData({ 'condvest.layout': '2' }), 't'), {
      code: 'lake-layout-too-new',
      message: /newer Condvest/,
    });
    assert.throws(() => checkReadable(protocol(1, 2), metaData({ 'condvest.layout': 'x' }), 't'), {
      code: 'lake-layout-too-new',
    });
    checkReadable(protocol(1, 2), metaData({}), 't');
  });
});

describe('the configuration of a table', () => {
  it('promises 400 days to every program that reads it', () => {
    assert.equal(fileRetentionMs(metaData()), 400 * DAY_MS);
    assert.equal(logRetentionMs(metaData()), 400 * DAY_MS);
    assert.equal(checkpointInterval(metaData()), 100);
  });

  it('of somebody else is read in the units of Delta, with its defaults', () => {
    assert.equal(fileRetentionMs(metaData({})), 7 * DAY_MS);
    assert.equal(logRetentionMs(metaData({})), 30 * DAY_MS);
    assert.equal(fileRetentionMs(metaData({ 'delta.deletedFileRetentionDuration': 'interval 2 weeks' })), 14 * DAY_MS);
    assert.equal(logRetentionMs(metaData({ 'delta.logRetentionDuration': 'INTERVAL 1 hour' })), 3_600_000);
    assert.equal(checkpointInterval(metaData({ 'delta.checkpointInterval': '10' })), 10);
    assert.equal(checkpointInterval(metaData({ 'delta.checkpointInterval': 'x' })), 100);
  });
});

describe('the schema of a table', () => {
  it('is read back, without the columns whose types are not ours', () => {
    const foreign = JSON.parse(schemaStringOf(COLUMNS)) as { fields: unknown[] };
    foreign.fields.push({ name: 'd', type: 'decimal(10,2)', nullable: true, metadata: {} });
    foreign.fields.push({ name: 's', type: { type: 'struct', fields: [] }, nullable: true, metadata: {} });
    assert.deepEqual(columnsOf(JSON.stringify(foreign), 't'), COLUMNS);
  });

  it('gets a column added at its end, and keeps what others added', () => {
    const foreign = { name: 'theirs', type: 'decimal(10,2)', nullable: true, metadata: {} };
    const stored = JSON.parse(schemaStringOf(COLUMNS)) as { type: string; fields: unknown[] };
    stored.fields.push(foreign);
    const text = JSON.stringify(stored);
    assert.equal(schemaWithColumns(text, COLUMNS, 't'), undefined, 'nothing is missing');
    const wider = schemaWithColumns(text, [...COLUMNS, { name: 'vwap', type: 'double', comment: '' }], 't');
    const names = (JSON.parse(wider ?? '') as { fields: { name: string }[] }).fields.map(({ name }) => name);
    assert.deepEqual(names, ['symbol', 'session', 'theirs', 'vwap']);
  });

  it('is refused where a column has another type than we write', () => {
    assert.throws(
      () => schemaWithColumns(schemaStringOf(COLUMNS), [{ name: 'symbol', type: 'long', comment: '' }], 't'),
      {
        code: 'lake-schema-mismatch',
        message: /Column symbol/,
      },
    );
  });

  it('that cannot be read is corrupt', () => {
    assert.throws(() => columnsOf('{', 't'), { code: 'lake-log-corrupt' });
    assert.throws(() => columnsOf('[]', 't'), { code: 'lake-log-corrupt' });
  });
});
