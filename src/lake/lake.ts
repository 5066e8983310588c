import { assert } from '#base/assert.ts';
import type { LakeDeps } from './lake-deps.ts';
import type { TableDefinition } from './schema.ts';
import { Table } from './table.ts';

/** All tables over one object store. */
export class Lake {
  readonly deps: LakeDeps;
  readonly #tables = new Map<string, Table>();

  constructor(deps: LakeDeps) {
    this.deps = deps;
  }

  /** The table of this definition; the same object each time, so that what it has read is read once. */
  table(definition: TableDefinition): Table {
    const known = this.#tables.get(definition.name);
    if (known !== undefined) {
      assert(sameShape(known.def, definition), `two definitions of table ${definition.name}`);
      return known;
    }
    const table = new Table(this.deps, definition);
    this.#tables.set(definition.name, table);
    return table;
  }
}

/** `silverBars(3)` makes a new object on each call, which means the same table. */
function sameShape(a: TableDefinition, b: TableDefinition): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
