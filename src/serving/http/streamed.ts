import type { ServingContext } from './serving.ts';

/**
 * An answer whose bytes are made while it is sent. Where they stop in the middle, whoever runs the server is told by the log,
 * and the connection is broken, so that nobody takes half an answer for a whole one.
 */
export function streamed(
  c: ServingContext,
  body: ReadableStream<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Response {
  const onBroken = c.get('onBroken');
  return new Response(onBroken === undefined ? body : told(body, onBroken), { headers });
}

/** The same bytes. A failure goes to `onBroken`, and on to whoever reads them only where that could not break the connection. */
function told(body: ReadableStream<Uint8Array>, onBroken: (cause: unknown) => boolean): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let isOver = false;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        // Not only on reads: otherwise a client that reads nothing would keep its connection.
        reader.closed.catch((cause: unknown) => {
          if (isOver) return;
          isOver = true;
          // The server prints a stack trace when its stream fails, but not when the connection breaks.
          if (!onBroken(cause)) controller.error(cause);
        });
      },
      pull: async (controller) => {
        const read = await reader.read().catch(() => undefined);
        if (read === undefined || isOver) return;
        isOver = read.done;
        if (read.done) controller.close();
        else controller.enqueue(read.value);
      },
      cancel: (reason) => {
        isOver = true;
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
