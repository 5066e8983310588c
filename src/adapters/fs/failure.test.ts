import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { CondvestError } from '#base/errors.ts';

import { hasErrno, storeFailure } from './failure.ts';

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: something`), { code });
}

describe('failures of the file system', () => {
  it('are sorted by what can be done about them', () => {
    const cases: [string, string, string][] = [
      ['ENOSPC', 'store-no-space', 'permanent'],
      ['EDQUOT', 'store-no-space', 'permanent'],
      ['EROFS', 'store-read-only', 'permanent'],
      ['EACCES', 'store-forbidden', 'permanent'],
      ['EPERM', 'store-not-permitted', 'permanent'],
      ['ENOTDIR', 'store-not-a-folder', 'permanent'],
      ['ENOTSUP', 'store-no-hard-links', 'permanent'],
      ['EMFILE', 'store-busy', 'transient'],
      ['EIO', 'store-io', 'permanent'],
    ];
    for (const [code, expected, kind] of cases) {
      const failure = storeFailure('write', '/lake/x', errno(code));
      assert.ok(failure instanceof CondvestError);
      assert.deepEqual([failure.code, failure.kind], [expected, kind]);
      assert.match(failure.message, /\/lake\/x/);
      assert.match(failure.message, new RegExp(code));
    }
  });

  it('name both causes of a link that is not permitted, since Linux tells them apart for nobody', () => {
    const failure = storeFailure('publish', '/lake/x', errno('EPERM'));
    assert.match(failure.message, /access is denied/);
    assert.match(failure.message, /no hard links/);
    assert.match(failure.message, /owner and the permissions/);
  });

  it('are sorted once: an error that has a code of ours passes through', () => {
    const ours = storeFailure('write', '/lake/x', errno('ENOSPC'));
    assert.equal(storeFailure('publish', '/lake/y', ours), ours);
  });

  it('are told from bugs, which stay what they are', () => {
    const bug = new TypeError('x is not a function');
    assert.equal(storeFailure('write', '/lake/x', bug), bug);
    assert.equal(hasErrno(bug, 'ENOENT'), false);
  });
});
