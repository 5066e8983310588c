import type { CommandDefinition, OptionDefinition } from './command.ts';

/** Listening options, shared by several commands. */
export const LISTENING_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: '--host <address>',
    doc: 'address to listen on; any other than loopback requires API keys',
    defaultText: '127.0.0.1',
  },
  {
    flags: '--port <number>',
    doc: 'port to listen on; 0 for any free port',
    defaultText: '8787, or the next free port',
  },
];

/** Commands that serve the lake. */
export const SERVING_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'serve',
    summary: 'serve the lake over HTTP',
    description:
      "Serves an existing lake: the vendor's REST API, our own API under /condvest/v1, TradingView's under /udf, and a web page at /. " +
      'It is read-only, works while another process writes, and sees each commit within a second. By default it listens on this machine ' +
      'only; any other address requires API keys.',
    options: LISTENING_OPTIONS,
    examples: [
      { line: 'condvest serve', doc: 'at http://127.0.0.1:8787/' },
      { line: 'condvest serve --host 0.0.0.0 --port 8080', doc: 'on all addresses, to callers with an API key' },
    ],
    load: () => import('./serve.ts'),
  },
  {
    name: 'keys',
    summary: 'create, list or revoke API keys',
    description:
      'create: creates a named key and shows it once; only its digest is stored. list: lists all keys, without their secrets. ' +
      'revoke: revokes a key by its id or name; servers reject it within seconds.',
    operands: [
      { name: 'action', doc: 'create, list or revoke', required: true },
      { name: 'name', doc: 'create: a name; revoke: an id or name', required: false },
    ],
    options: [
      { flags: '--scopes <list>', doc: 'create: read, or admin, which may also start runs', defaultText: 'read' },
      { flags: '--per-minute <count>', doc: 'create: requests per minute; 0 for no limit', defaultText: '600' },
      { flags: '--per-day <count>', doc: 'create: requests per UTC day; 0 for no limit', defaultText: 'no limit' },
    ],
    examples: [
      { line: 'condvest keys create notebook', doc: 'a read-only key' },
      { line: 'condvest keys create ops --scopes admin --per-minute 60', doc: 'a key that may start runs' },
      { line: 'condvest keys revoke notebook', doc: 'revoke it' },
    ],
    load: () => import('./keys.ts'),
  },
];
