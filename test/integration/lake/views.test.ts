import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CondvestError } from '#base/errors.ts';
import { createViews } from '#lake/views.ts';
import { PROBE, putSessions, sessions } from '#test/fixtures/probe-table.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';

const MISSING = { ...PROBE, name: 'silver/never_made' };

test('every table that exists is a view, pinned for the session, at the newest version or at an instant', async () => {
  await using lake = await openTestLake();
  const table = lake.lake.table(PROBE);
  const first = await table.write(putSessions(lake.deps, sessions('2024-01-02'), 1, 3));
  await table.write(putSessions(lake.deps, sessions('2023-12-29'), 1, 2));
  const tables = [table, lake.lake.table(MISSING)];

  using head = await lake.deps.engine.session();
  const views = await createViews(head, tables);
  assert.deepEqual(
    views.map(({ name, snapshot }) => [name, snapshot.version]),
    [['bronze.probe', 1]],
  );
  const count = 'SELECT year, count(*) AS n FROM bronze.probe GROUP BY year ORDER BY year';
  assert.deepEqual(await head.rows(count), [
    { year: 2023, n: 2 },
    { year: 2024, n: 3 },
  ]);

  using then = await lake.deps.engine.session();
  await createViews(then, tables, { asOfMs: first?.timestampMs ?? 0 });
  assert.deepEqual(await then.rows(count), [{ year: 2024, n: 3 }]);

  using before = await lake.deps.engine.session();
  assert.deepEqual(await createViews(before, tables, { asOfMs: 0 }), []);
  await assert.rejects(before.rows(count), (error) => error instanceof CondvestError && error.code === 'engine-sql');

  await table.write(putSessions(lake.deps, sessions('2024-01-03'), 1, 3));
  assert.deepEqual(
    await head.rows(count),
    [
      { year: 2023, n: 2 },
      { year: 2024, n: 3 },
    ],
    'pinned',
  );
  await head.run('CREATE TABLE mine AS FROM bronze.probe');
  assert.deepEqual(await head.rows('SELECT count(*) AS n FROM mine'), [{ n: 5 }]);
});
