import type { CommandDefinition, OptionDefinition } from './command.ts';

/** Where a server listens: options that several commands have. */
export const LISTENING_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: '--host <address>',
    doc: 'address to listen at; any but a loopback one needs keys',
    defaultText: '127.0.0.1',
  },
  {
    flags: '--port <number>',
    doc: 'port to listen at; 0 for any that is free',
    defaultText: '8787, or the next that is free',
  },
];

/** The commands that serve the lake to others. */
export const SERVING_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'serve',
    summary: 'serve the lake over HTTP',
    description:
      "Serves an existing lake: the vendor's REST API, our own under /condvest/v1, TradingView's under /udf, and a page at /. It only " +
      'reads, also while another process writes, and sees each commit within a second. Listens to this machine alone unless told ' +
      'otherwise; any other address needs keys.',
    operands: [],
    options: LISTENING_OPTIONS,
    examples: [
      { line: 'condvest serve', doc: 'at http://127.0.0.1:8787/' },
      { line: 'condvest serve --host 0.0.0.0 --port 8080', doc: 'to those who have a key' },
    ],
    load: () => import('./serve.ts'),
  },
  {
    name: 'keys',
    summary: 'make, list or revoke keys of the server',
    description:
      'create: a key with a name; it is shown once, and only its digest is kept. list: all keys, without what they are made of. ' +
      'revoke: ends a key by its id or name; servers refuse it within seconds.',
    operands: [
      { name: 'action', doc: 'create, list or revoke', required: true },
      { name: 'name', doc: 'create: a name; revoke: an id or a name', required: false },
    ],
    options: [
      { flags: '--scopes <list>', doc: 'create: read, or admin, which also starts runs', defaultText: 'read' },
      { flags: '--per-minute <count>', doc: 'create: requests a minute; 0 for no limit', defaultText: '600' },
      { flags: '--per-day <count>', doc: 'create: requests a day in UTC; 0 for no limit', defaultText: 'no limit' },
    ],
    examples: [
      { line: 'condvest keys create notebook', doc: 'a key that reads' },
      { line: 'condvest keys create ops --scopes admin --per-minute 60', doc: 'one that may start runs' },
      { line: 'condvest keys revoke notebook', doc: 'ends it' },
    ],
    load: () => import('./keys.ts'),
  },
];
