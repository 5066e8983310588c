import pino from 'pino';
import type { AccessRecord } from '#serving/http/gate/access-record.ts';
import type { Config } from './config.ts';

export interface AccessLog {
  readonly write: ((record: AccessRecord) => void) | undefined;
  close(): void;
}

const STDERR = 2;
/** Lines are gathered up to so many bytes, or to the end of a second. */
const GATHERED_BYTES = 8192;
const FLUSH_MS = 1000;

/** One line of JSON for each request, where the configuration says so. */
export function openAccessLog(config: Config, options: { readonly isErrorTty: boolean }): AccessLog {
  const { accessLog } = config;
  if (accessLog === 'off' || (accessLog === 'auto' && options.isErrorTty)) {
    return { write: undefined, close: () => undefined };
  }
  const dest = accessLog === 'auto' || accessLog === 'stderr' ? STDERR : accessLog;
  const destination = pino.destination({ dest, sync: false, mkdir: true, minLength: GATHERED_BYTES });
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const timer = setInterval(() => destination.flush(), FLUSH_MS);
  timer.unref();
  return {
    write: (record) => logger.info(record, 'request'),
    close: () => {
      clearInterval(timer);
      destination.flushSync();
    },
  };
}
