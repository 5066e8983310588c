import type { InstantMs } from '#base/dates.ts';
import type { EngineSession } from './engine-session.ts';
import type { Snapshot } from './snapshot.ts';
import { sqlName } from './sql-text.ts';
import type { Table } from './table.ts';

export interface TableView {
  /** The name in SQL: `bronze.daily_bars`. */
  readonly name: string;
  readonly snapshot: Snapshot;
}

export interface ViewOptions {
  /** Each table at its last version that is not later; default: the newest. */
  readonly asOfMs?: InstantMs;
}

/**
 * Creates a view of every existing table, each pinned at one version for the duration of the session:
 * `bronze.daily_bars`, `silver.bars_3d`. They are in an in-memory database of this session, next to anything the user
 * creates there.
 */
export async function createViews(
  session: EngineSession,
  tables: readonly Table[],
  options: ViewOptions = {},
): Promise<TableView[]> {
  const { asOfMs } = options;
  const database = await ownDatabase(session);
  const views: TableView[] = [];
  const schemas = new Set<string>();
  for (const table of tables) {
    const snapshot = asOfMs === undefined ? await table.head() : await table.at({ asOfMs });
    if (snapshot === undefined) continue;
    const [schema = '', view = ''] = table.def.name.split('/');
    if (!schemas.has(schema)) await session.run(`CREATE SCHEMA ${database}.${sqlName(schema)}`);
    schemas.add(schema);
    const scan = await table.scanSql(snapshot.files);
    await session.run(`CREATE VIEW ${database}.${sqlName(schema)}.${sqlName(view)} AS ${scan}`);
    views.push({ name: `${schema}.${view}`, snapshot });
  }
  await session.run(`USE ${database}`);
  return views;
}

/** Attaches an empty in-memory database under a name that no other session of the engine uses. */
async function ownDatabase(session: EngineSession): Promise<string> {
  const [row] = await session.rows<{ name: string }>(`SELECT 'lake_' || replace(uuid()::VARCHAR, '-', '') AS name`);
  const name = sqlName(row?.name ?? 'lake');
  await session.run(`ATTACH ':memory:' AS ${name}`);
  return name;
}
