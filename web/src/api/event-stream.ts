import { delay, isAbort, openStream } from './client.ts';

/** Server-sent events over `fetch`, since `EventSource` cannot send an access key. */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

const FAILURES_MAX = 10;
const RECONNECT_DELAY_MS_MAX = 30_000;
const EVENT_CHARS_MAX = 1_000_000;

export type StreamState = 'connecting' | 'open' | 'reconnecting' | 'disconnected';

/**
 * Reads the stream until the signal is aborted. Reconnects with exponential backoff when it breaks, and gives up as
 * `disconnected` after `FAILURES_MAX` consecutive failures.
 */

export async function streamEvents(
  path: string,
  onEvent: (event: ServerEvent) => void,
  onState: (state: StreamState) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted && failures < FAILURES_MAX) {
    onState(failures === 0 ? 'connecting' : 'reconnecting');
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
      await delay(Math.min(RECONNECT_DELAY_MS_MAX, 500 * 2 ** failures), signal);
    } catch {
      return;
    }
  }
  if (!signal.aborted) onState('disconnected');
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
    if (text.length > EVENT_CHARS_MAX) throw new Error(`An event exceeds ${EVENT_CHARS_MAX} characters`);
    for (const part of parts) {
      const event = parseEvent(part);
      if (event !== undefined) onEvent(event);
    }
  }
}

/** Parses one block of the stream. Returns undefined for comments, which only keep the connection alive. */
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
