import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAccessLog } from '#runtime/server/access-log.ts';
import type { AccessRecord } from '#serving/http/gate/access-record.ts';

const RECORD: AccessRecord = {
  requestId: 'a1',
  method: 'GET',
  url: '/healthz',
  route: '/healthz',
  status: 200,
  ms: 1,
  caller: '',
  address: '192.0.2.1',
  userAgent: 'x'.repeat(200),
  code: undefined,
};
/** The device whose disk is always full. */
const FULL = '/dev/full';

test('the access log has a line of JSON per request, in a folder made for it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-log-'));
  try {
    const path = join(folder, 'logs/access.log');
    const log = openAccessLog({ accessLog: path }, { isErrorTty: false, write: assert.fail });
    log.write?.(RECORD);
    log.close();
    const line = JSON.parse(await readFile(path, 'utf8')) as AccessRecord;
    assert.deepEqual([line.requestId, line.url], ['a1', '/healthz']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a log that cannot be opened is reported before the server starts', () => {
  assert.throws(() => openAccessLog({ accessLog: tmpdir() }, { isErrorTty: false, write: assert.fail }), {
    code: 'access-log-unwritable',
    message: /EISDIR.*CONDVEST_ACCESS_LOG/,
  });
});

test('a full disk does not stop the server: it is reported once, and the backlog is bounded', {
  skip: existsSync(FULL) ? false : `SKIPPED: this system has no ${FULL}`,
}, async () => {
  const told: string[] = [];
  const log = openAccessLog({ accessLog: FULL }, { isErrorTty: false, write: (line) => told.push(line) });
  const before = process.memoryUsage.rss();
  const more = (): void => {
    for (let i = 0; i < 1000; i += 1) log.write?.(RECORD);
  };
  while (told.length === 0) {
    more();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (let i = 0; i < 200; i += 1) more();
  await new Promise((resolve) => setTimeout(resolve, 20));
  log.close();
  assert.deepEqual(told, ['condvest: the access log is not writable (ENOSPC); the server continues without it']);
  assert.ok(process.memoryUsage.rss() - before < 60 * 2 ** 20);
});
