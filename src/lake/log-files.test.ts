import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { checkpointName, checkpointNames, commitName, firstNameOf, parseLogName } from './log-files.ts';

describe('names in the log folder', () => {
  it('sort by version', () => {
    const names = [0, 9, 10, 99, 12_345].map(commitName);
    assert.deepEqual([...names].sort(), names);
    assert.equal(commitName(7), '00000000000000000007.json');
    assert.ok(firstNameOf(10) < checkpointName(10) && firstNameOf(10) < commitName(10));
    assert.ok(firstNameOf(10) > commitName(9));
  });

  it('are read back', () => {
    assert.deepEqual(parseLogName(commitName(42)), { kind: 'commit', version: 42 });
    assert.deepEqual(parseLogName(checkpointName(42)), { kind: 'checkpoint', version: 42, part: 1, parts: 1 });
    const parts = checkpointNames(42, 3);
    assert.equal(parts[1], '00000000000000000042.checkpoint.0000000002.0000000003.parquet');
    assert.deepEqual(parseLogName(parts[1] ?? ''), { kind: 'checkpoint', version: 42, part: 2, parts: 3 });
  });

  it('of other files are left alone', () => {
    for (const name of [
      '_last_checkpoint',
      '00000000000000000042.crc',
      '00000000000000000042.json.tmp',
      '_commit_aa.json.tmp',
      '.00000000000000000042.json.crc',
      '00000000000000000001.00000000000000000009.compacted.json',
      '00000000000000000042.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json',
      '42.json',
    ]) {
      assert.equal(parseLogName(name), undefined, name);
    }
  });
});
