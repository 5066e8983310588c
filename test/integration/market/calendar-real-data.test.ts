import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { IsoDate } from '#base/dates.ts';
import { Engine } from '#lake/engine.ts';
import { sqlText } from '#lake/sql-text.ts';
import { createCalendar } from '#market/calendar/calendar.ts';

const file = fileURLToPath(new URL('../../../../shared/data/sp500_daily.parquet', import.meta.url));
const skip = existsSync(file) ? false : `SKIPPED: no real data at ${file}`;

describe('the calendar against real bars of 1999 to 2021', { skip }, () => {
  test('has every date of the data as a session, and no session that the data lacks', async () => {
    const engine = await Engine.create({ tempFolder: tmpdir() });
    try {
      // BF.B is two rows of nulls.
      const rows = await engine.rows<{ date: IsoDate }>(
        `select distinct date::date as date from read_parquet(${sqlText(file)})
          where date is not null order by date`,
      );
      const dates = rows.map(({ date }) => date);
      const [first, last] = [dates[0], dates.at(-1)];
      assert.ok(first !== undefined && last !== undefined);
      const sessions = createCalendar({ lastYear: 2028 }).range(first, last);
      assert.equal(dates.length, 14_927 - 9526 + 1);
      assert.deepEqual(dates, sessions);
    } finally {
      engine.close();
    }
  });
});
