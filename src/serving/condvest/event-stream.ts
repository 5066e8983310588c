import { CondvestError } from '#base/errors.ts';
import type { Serving, ServingContext } from '../http/serving.ts';
import { streamed } from '../http/streamed.ts';

/**
 * Server-sent events (the HTML standard, "text/event-stream"): what listeners are told, as it happens, to one client.
 * What the client has not taken yet waits in a buffer of bounded size; a client that lets it run over is let go, and
 * comes back by itself, as EventSource does, to ask for the present state.
 */

/** A comment this often tells both sides, and proxies between them, that the connection lives. */
const HEARTBEAT_MS = 15_000;
/** Maximum backlog of a client: several thousand steps of a run. */
const BUFFER_BYTES_MAX = 1 << 20;
/** Time EventSource waits before it reconnects. */
const RETRY_MS = 3000;

export const EVENT_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx buffers responses otherwise.
  'x-accel-buffering': 'no',
} as const;

export interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

/**
 * The answer with the stream. `subscribe` is given where to send events, and returns what ends it; it may send at once. Throws
 * `server-busy` where too many streams are open.
 */
export async function eventStream(
  c: ServingContext,
  serving: Pick<Serving, 'eventStreams' | 'stopping' | 'timers'>,
  subscribe: (send: (event: ServerEvent) => void) => () => void,
): Promise<Response> {
  const leave = await serving.eventStreams.enter({ caller: c.get('caller').name });
  const stream = new EventBuffer(serving, subscribe, { leave, isStillIn: c.get('isStillIn') });
  return streamed(c, stream.body, EVENT_HEADERS);
}

class EventBuffer {
  readonly body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #waiting: Uint8Array[] = [];
  readonly #ends: (() => void)[] = [];
  #waitingBytes = 0;
  #isOver = false;
  #cancelHeartbeat: () => void = () => {};
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    serving: Pick<Serving, 'stopping' | 'timers'>,
    subscribe: (send: (event: ServerEvent) => void) => () => void,
    caller: { readonly leave: () => void; readonly isStillIn: (() => Promise<boolean>) | undefined },
  ) {
    const { stopping, timers } = serving;
    this.#ends.push(caller.leave);
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#flush(),
        cancel: () => this.#end(),
      },
      { highWaterMark: 1 },
    );
    const stop = (): void => this.#close();
    stopping.addEventListener('abort', stop);
    this.#ends.push(() => stopping.removeEventListener('abort', stop));
    const beat = (): void => {
      this.#send(': still here\n\n');
      // A key may have been revoked since.
      caller.isStillIn?.().then((isStillIn) => {
        if (!isStillIn) this.#close();
      }, stop);
      if (!this.#isOver) this.#cancelHeartbeat = timers.after(HEARTBEAT_MS, beat);
    };
    this.#cancelHeartbeat = timers.after(HEARTBEAT_MS, beat);
    this.#ends.push(() => this.#cancelHeartbeat());
    this.#send(`retry: ${RETRY_MS}\n\n`);
    // JSON text has no line breaks, so it always fits on one `data` line.
    this.#ends.push(subscribe(({ name, data }) => this.#send(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)));
    if (stopping.aborted) this.#close();
  }

  #send(text: string): void {
    if (this.#isOver) return;
    const bytes = this.#encoder.encode(text);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.byteLength;
    this.#flush();
    if (this.#waitingBytes <= BUFFER_BYTES_MAX) return;
    this.#waiting.length = 0;
    this.#controller?.error(tooSlow());
    this.#end();
  }

  #flush(): void {
    const controller = this.#controller;
    while (!this.#isOver && controller !== undefined && (controller.desiredSize ?? 0) > 0) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) return;
      this.#waitingBytes -= bytes.byteLength;
      controller.enqueue(bytes);
    }
  }

  #close(): void {
    if (this.#isOver) return;
    // Send what has already happened.
    for (const bytes of this.#waiting) this.#controller?.enqueue(bytes);
    this.#controller?.close();
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.length = 0;
    for (const end of this.#ends) end();
  }
}

function tooSlow(): CondvestError {
  return new CondvestError({
    code: 'events-too-slow',
    kind: 'transient',
    message: 'A client of the event stream could not keep up',
    allowed: `${BUFFER_BYTES_MAX} bytes behind`,
  });
}
