import type { NoticeEvent } from '#ports/notices.ts';
import type { Notifier } from '#ports/notifier.ts';

/** Writes notices as lines to the process's console. */
export class ConsoleNotifier implements Notifier {
  readonly channel = 'console';
  readonly #write: (line: string) => void;

  constructor(options: { readonly write: (line: string) => void }) {
    this.#write = options.write;
  }

  async deliver({ event, notice }: NoticeEvent): Promise<void> {
    const { severity, title, text, firstSeenMs, resolvedMs } = notice;
    if (event === 'opened') {
      this.#write(`[${severity}] ${title}`);
      for (const line of text.split('\n')) this.#write(`    ${line}`);
      return;
    }
    this.#write(`[resolved] ${title} (after ${formatLasted((resolvedMs ?? firstSeenMs) - firstSeenMs)})`);
  }
}

function formatLasted(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
