import { UsageError } from '#base/errors.ts';
import { BRONZE_TABLES, silverBars } from '#lake/tables.ts';
import { asOfParameter } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import { acceptsGzip } from '../http/sending.ts';
import { type Serving, type ServingApp, viewAt } from '../http/serving.ts';
import type { SqlRequest, SqlRunner } from '../http/sql-runner.ts';
import { streamed } from '../http/streamed.ts';
import { ReadGate } from '../read/read-gate.ts';
import type { LakeView } from '../read/view.ts';
import { type ByteSource, byteStream, gzipped } from './byte-stream.ts';
import { attachment, CONTENT_TYPES, isText } from './export-routes.ts';
import { sqlBody } from './shapes/tables.ts';

export function addSqlRoutes(
  app: ServingApp,
  serving: Pick<Serving, 'intervals' | 'lake' | 'limits' | 'sql' | 'streams' | 'timers' | 'views'>,
): void {
  const gate = new ReadGate({ noun: 'statements', running: serving.limits.sqlRunning, waiting: 0 });
  addRoute(app, 'condvest', {
    method: 'post',
    path: '/condvest/v1/sql',
    summary: 'One SELECT over all tables, as a file',
    description:
      'Off by default (`CONDVEST_SERVE_SQL`), and only for keys with scope admin. All tables are pinned at one ' +
      'version. The statement is one DuckDB SELECT that reads only the tables. It runs in a separate process with ' +
      'limits on memory, rows and time. A failure midway breaks the connection.',
    scope: 'admin',
    body: sqlBody,
    answer: Object.values(CONTENT_TYPES),
    handle: async (c, { body: { statement, format = 'ndjson', as_of } }) => {
      const runner = serving.sql;
      if (runner === undefined) throw sqlDisabled();
      const view = await viewAt(c, serving, readAsOf(as_of));
      const { rows, bytes } = { rows: serving.limits.exportRows, bytes: serving.limits.sqlBytes };
      const request = { statement, format, ...(await tablesOf(serving, view)), limits: { rows, bytes } };
      const isCompressed = isText(format) && acceptsGzip(c.req.header('accept-encoding'));
      const limit = { ms: serving.limits.sqlMs, code: 'query-too-slow', noun: 'statement' } as const;
      const asked = { signal: c.req.raw.signal, caller: c.get('caller').name, limit };
      const body = await byteStream(serving, asked, (signal) =>
        openQuery(runner, gate, request, { signal, isCompressed }),
      );
      return streamed(c, body, {
        'content-type': CONTENT_TYPES[format],
        'content-disposition': attachment('query', format),
        'cache-control': 'no-store',
        'x-request-id': c.get('requestId'),
        ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
      });
    },
  });
}

async function openQuery(
  runner: SqlRunner,
  gate: ReadGate,
  request: SqlRequest,
  how: { readonly signal: AbortSignal; readonly isCompressed: boolean },
): Promise<ByteSource> {
  const leave = await gate.enter();
  try {
    const chunks = await runner.run(request, how.signal);
    return { chunks: how.isCompressed ? gzipped(chunks) : chunks, close: leave };
  } catch (cause) {
    leave();
    throw cause;
  }
}

/** Every table of the view: its SELECT, and the files that this reads. */
async function tablesOf(
  serving: Pick<Serving, 'lake' | 'intervals'>,
  view: LakeView,
): Promise<Pick<SqlRequest, 'views' | 'files'>> {
  const views: SqlRequest['views'][number][] = [];
  const files: string[] = [];
  for (const definition of [...BRONZE_TABLES, ...serving.intervals.map(silverBars)]) {
    const snapshot = view.snapshot(definition);
    if (snapshot === undefined) continue;
    const table = serving.lake.table(definition);
    const [schema = '', name = ''] = definition.name.split('/');
    views.push({ name: [schema, name], select: await table.scanSql(snapshot.files) });
    files.push(...(await Promise.all(snapshot.files.map((file) => table.localPath(file)))));
  }
  return { views, files };
}

function readAsOf(value: string | number | undefined): number | undefined {
  const read = asOfParameter.safeParse(value === undefined ? undefined : String(value));
  if (read.success) return read.data;
  throw new UsageError({
    code: 'parameter-invalid',
    message: 'Field "as_of" is invalid',
    found: String(value).slice(0, 100),
    allowed: read.error.issues[0]?.message,
  });
}

function sqlDisabled(): UsageError {
  return new UsageError({
    code: 'sql-disabled',
    message: 'This server does not run SQL',
    action: 'The operator can enable it with CONDVEST_SERVE_SQL=true',
  });
}
