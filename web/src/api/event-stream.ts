import { isAbort, openStream, pause } from './client.ts';

/**
 * Server-sent events over `fetch`, since `EventSource` cannot carry a key. The stream is opened again when it breaks, each time
 * after a longer pause, and given up after a bounded number of failures in a row.
 */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

const FAILURES_MAX = 10;
const PAUSE_MS_MAX = 30_000;
const EVENT_CHARS_MAX = 1_000_000;

export type StreamState = 'connecting' | 'open' | 'lost';

export async function followEvents(
  path: string,
  onEvent: (event: ServerEvent) => void,
  onState: (state: StreamState) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted && failures < FAILURES_MAX) {
    onState('connecting');
    try {
      const response = await openStream(path, signal);
      onState('open');
      failures = 0;
      if (response.body !== null) await readEvents(response.body, onEvent);
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
    }
    failures += 1;
    try {
      await pause(Math.min(PAUSE_MS_MAX, 500 * 2 ** failures), signal);
    } catch {
      return;
    }
  }
  if (!signal.aborted) onState('lost');
}

async function readEvents(body: ReadableStream<Uint8Array>, onEvent: (event: ServerEvent) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const parts = text.split(/\r?\n\r?\n/);
    text = parts.pop() ?? '';
    if (text.length > EVENT_CHARS_MAX) throw new Error('an event without an end');
    for (const part of parts) {
      const event = parseEvent(part);
      if (event !== undefined) onEvent(event);
    }
  }
}

/** One block of the stream; undefined for comments, which only keep the line open. */
export function parseEvent(block: string): ServerEvent | undefined {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') };
}
