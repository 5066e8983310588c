import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { writeMarketFiles } from './market-files.ts';

describe('the files of a simulated market', () => {
  const calendar = createCalendar({ lastYear: 2028 });
  const settings = { seed: 1, securities: 5, from: isoDate('2024-01-02') };
  let tempFolder: string;
  beforeEach(async () => {
    tempFolder = await mkdtemp(join(tmpdir(), 'condvest-market-'));
  });
  afterEach(() => rm(tempFolder, { recursive: true, force: true }));
  const write = () => writeMarketFiles({ calendar, tempFolder }, settings, isoDate('2024-03-01'), () => undefined);

  test('have a line a row', async () => {
    const { paths, rows, sessions } = await write();
    assert.equal(sessions, calendar.range(settings.from, isoDate('2024-03-01')).length);
    const bars = await readFile(paths.at(-1) ?? '', 'utf8');
    assert.equal(bars.trimEnd().split('\n').length, rows + 1);
  });

  test('that do not fit on the disk are a full disk, in words', {
    skip: existsSync('/dev/full') ? false : 'there is no /dev/full here',
  }, async () => {
    await symlink('/dev/full', join(tempFolder, 'bars.csv'));
    await assert.rejects(write(), { code: 'store-no-space', kind: 'permanent' });
  });
});
