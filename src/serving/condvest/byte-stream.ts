import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { CondvestError } from '#base/errors.ts';
import type { RowBatch, TableStream } from '../export/table-stream.ts';
import type { Serving } from '../http/serving.ts';
import { clientGone } from '../read/read-gate.ts';

/**
 * Bytes on their way to a client: made when it takes them and not before, bounded in time, and ended with everything behind
 * them when it goes away. A failure on the way breaks the connection, so that nobody takes half a file for a whole one.
 */

export interface ByteSource {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Gives back everything that the source holds. Called once. */
  readonly close: () => void | Promise<void>;
}

/** Time limit of a body, until its last byte. */
export interface TimeLimit {
  readonly ms: number;
  /** Code of the error when it takes longer. */
  readonly code: 'export-too-slow' | 'query-too-slow';
  readonly noun: 'response' | 'statement';
}

/** Level 3 of 9: the client waits for it. */
const GZIP_LEVEL = 3;

/**
 * The body of a response. `open` begins the source: what it throws is the request's own failure, before anything was sent. Its
 * signal says for as long as the body lives that it is wanted no more; what goes on then should fail soon.
 * `limit`: of the time; that of exports unless given.
 * At most `limits.streams` bodies are open at once, `limits.streamsEach` of one caller: the next is refused with `server-busy`.
 */
export async function byteStream(
  serving: Pick<Serving, 'streams' | 'timers' | 'limits'>,
  request: { readonly signal: AbortSignal; readonly caller?: string; readonly limit?: TimeLimit },
  open: (signal: AbortSignal) => Promise<ByteSource>,
): Promise<ReadableStream<Uint8Array>> {
  const leave = await serving.streams.enter({ caller: request.caller });
  const stop = new AbortController();
  // The client may disconnect before there is a body to cancel.
  const signal = AbortSignal.any([stop.signal, request.signal]);
  const { limit = { ms: serving.limits.exportMs, code: 'export-too-slow', noun: 'response' } } = request;
  let source: ByteSource | undefined;
  let onTime = (): void => {};
  const cancelTimer = serving.timers.after(limit.ms, () => {
    stop.abort(tookTooLong(limit));
    onTime();
  });
  let isOver = false;
  const end = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    cancelTimer();
    try {
      await source?.close();
    } finally {
      leave();
    }
  };
  try {
    source = await open(signal);
    signal.throwIfAborted();
  } catch (cause) {
    await end();
    throw stop.signal.aborted ? stop.signal.reason : request.signal.aborted ? clientGone() : cause;
  }
  const iterator = source.chunks[Symbol.asyncIterator]();
  let isPulling = false;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        onTime = () => {
          // A pending chunk fails by itself; a body that nobody reads must be ended here.
          if (isPulling || isOver) return;
          controller.error(signal.reason);
          end().catch(() => {});
        };
      },
      pull: async (controller) => {
        isPulling = true;
        try {
          const { done, value } = await iterator.next();
          signal.throwIfAborted();
          if (done !== true) controller.enqueue(value);
          else {
            await end();
            controller.close();
          }
        } catch (cause) {
          controller.error(stop.signal.aborted ? stop.signal.reason : request.signal.aborted ? clientGone() : cause);
          await end();
        } finally {
          isPulling = false;
        }
      },
      cancel: async () => {
        stop.abort(clientGone());
        try {
          await iterator.return?.();
        } finally {
          await end();
        }
      },
    },
    // Produce nothing ahead of the client.
    { highWaterMark: 0 },
  );
}

/** The same rows, the first of them made already: what cannot be begun fails here, while a proper error can still be sent. */
export async function begun(table: TableStream): Promise<TableStream> {
  const iterator = table.batches[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* batches(): AsyncGenerator<RowBatch> {
    try {
      for (let batch = first; batch.done !== true; batch = await iterator.next()) yield batch.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { fields: table.fields, batches: batches() };
}

/** Compressed on the way, with the same back-pressure; failures of either side end both. */
export async function* gzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(chunks, { objectMode: false });
  // The reader of `gzip` gets every failure; the callback keeps `pipeline` from throwing it as well.
  const gzip = pipeline(source, createGzip({ level: GZIP_LEVEL }), () => {});
  for await (const chunk of gzip) yield chunk as Uint8Array;
}

function tookTooLong({ ms, code, noun }: TimeLimit): CondvestError {
  return new CondvestError({
    code,
    kind: 'permanent',
    message: `The ${noun} took longer than this server allows`,
    allowed: `up to ${Math.round(ms / 1000)} s`,
    action: 'Request less at a time',
  });
}
