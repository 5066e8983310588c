import { assert } from '#base/assert.ts';
import {
  APPEND_BYTES_MAX,
  type EventStream,
  RECORD_BYTES_MAX,
  type StoredRecord,
  type StreamPosition,
  type StreamRecord,
} from '#ports/event-stream.ts';
import { APPEND, READ_JOURNAL, TRIM_JOURNAL } from './statements.sql.ts';
import type { WrittenTickFiles } from './tick-files.ts';

/** Columns of `READ_JOURNAL`. */
type JournalRow = readonly [
  position: number,
  number: number,
  kind: string,
  connection: number,
  receivedMs: number,
  bytes: Uint8Array,
];

/** The journal in the file of the present session: a row for each record. */
export class SqliteEventStream implements EventStream {
  readonly #files: WrittenTickFiles;

  constructor(files: WrittenTickFiles) {
    this.#files = files;
  }

  async append(records: readonly StreamRecord[]): Promise<readonly StreamPosition[]> {
    const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
    assert(bytes <= (records.length === 1 ? RECORD_BYTES_MAX : APPEND_BYTES_MAX), 'an append is within its bounds');
    if (records.length === 0) return [];
    return this.#files.writeJournal(({ file }) =>
      records.map((record) => {
        const { number, kind, connection, receivedMs } = record;
        const values = [number, kind, connection, receivedMs, record.bytes] as const;
        return Number(file.run(APPEND, ...values).lastInsertRowid);
      }),
    );
  }

  async *read(after: StreamPosition = 0): AsyncIterable<readonly StoredRecord[]> {
    let batch = this.#nextBatch(after);
    while (batch.length > 0) {
      yield batch;
      batch = this.#nextBatch(batch.at(-1)?.position ?? after);
    }
  }

  async trim(through: StreamPosition): Promise<void> {
    for (const { session } of this.#files.kept()) {
      this.#files.write(session, ({ file }) => file.run(TRIM_JOURNAL, through));
    }
  }

  #nextBatch(after: StreamPosition): StoredRecord[] {
    for (const kept of this.#files.kept()) {
      const { rows } = this.#files.reading(kept, (file) =>
        file.first<JournalRow>(READ_JOURNAL, [after], ([, , , , , bytes]) => bytes.length, APPEND_BYTES_MAX),
      );
      if (rows.length === 0) continue;
      return rows.map(([position, number, kind, connection, receivedMs, bytes]) => ({
        position,
        number,
        kind,
        connection,
        receivedMs,
        bytes,
      }));
    }
    return [];
  }
}
