import { CondvestError } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';
import type { EngineSession } from './engine-session.ts';

/**
 * Restricts a caller's statement to one SELECT without functions that reach beyond the tables. DuckDB's own parser
 * interprets the text, so comments, quotes and nesting hide nothing.
 */

/**
 * Table functions that produce rows only from their arguments. All others read files, settings or the engine itself.
 */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'range',
  'generate_series',
  'unnest',
  'repeat_row',
  'json_each',
  'json_tree',
]);

/** Functions whose result can be arbitrarily long, that only pass time, or that have side effects. */
const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  'repeat',
  'lpad',
  'rpad',
  'list_resize',
  'array_resize',
  'bar',
  'pg_sleep',
  'sleep_ms',
  'write_log',
  'nextval',
  'currval',
  'setseed',
  'getenv',
  'current_setting',
  'json_execute_serialized_sql',
]);

/** Functions that reveal engine internals, such as file paths. */
const ENGINE_TABLES = /^(duckdb_|pragma_|pg_|sqlite_)/;

/** No person writes a statement whose tree is deeper or wider than this. */
const NODES_MAX = 200_000;

/** Throws `engine-not-a-query` for anything but one such SELECT, and `engine-sql` for text that is not SQL. */
export async function onlyReads(session: EngineSession, statement: string): Promise<void> {
  const [row] = await session.rows<{ tree: string }>('SELECT json_serialize_sql($1::VARCHAR) AS tree', [statement]);
  const tree: unknown = JSON.parse(row?.tree ?? '{}');
  if (!isRecord(tree)) throw refused('nothing');
  if (tree['error'] === true) {
    const message = String(tree['error_message']);
    if (tree['error_type'] === 'not implemented') throw refused('a statement that is no SELECT');
    throw new CondvestError({
      code: 'engine-sql',
      kind: 'permanent',
      message: 'The statement failed',
      found: `Parser Error: ${message}`,
    });
  }
  const statements = tree['statements'];
  if (!Array.isArray(statements) || statements.length !== 1) throw refused('more than one statement, or none');
  for (const node of nodesOf(tree)) {
    const table = node['type'] === 'BASE_TABLE' ? String(node['table_name']).toLowerCase() : '';
    if (ENGINE_TABLES.test(table)) throw refused(`the table ${table}`);
    const name = functionOf(node);
    if (name === undefined) continue;
    if (node['type'] === 'TABLE_FUNCTION' ? !TABLE_FUNCTIONS.has(name) : REFUSED_FUNCTIONS.has(name))
      throw refused(`the function ${name}`);
  }
}

function functionOf(node: Readonly<Record<string, unknown>>): string | undefined {
  const inner = node['type'] === 'TABLE_FUNCTION' ? node['function'] : node;
  if (!isRecord(inner)) return undefined;
  const name = inner['function_name'];
  return typeof name === 'string' ? name.toLowerCase() : undefined;
}

function* nodesOf(root: unknown): Generator<Readonly<Record<string, unknown>>> {
  const waiting: unknown[] = [root];
  for (let seen = 0; waiting.length > 0; seen += 1) {
    if (seen > NODES_MAX) throw refused('a statement of too many parts');
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (isRecord(value)) yield value;
    for (const inner of Object.values(value)) waiting.push(inner);
  }
}

function refused(found: string): CondvestError {
  return new CondvestError({
    code: 'engine-not-a-query',
    kind: 'permanent',
    message: 'Only a single statement that reads the tables is allowed',
    found,
    allowed: 'one SELECT, FROM, WITH, VALUES, DESCRIBE or SUMMARIZE',
  });
}
