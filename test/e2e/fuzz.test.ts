import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { effort } from '#test/fixtures/effort.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { Python } from '#test/fixtures/python.ts';

/** Fuzzes every parameter of every route with Schemathesis, from the server's own OpenAPI document. */

const python = new Python('CONDVEST_TEST_CLIENTS_PYTHON');
/**
 * Random examples of each operation, beside those that every value of the document brings. Ten find a fault in how any
 * parameter's text is used; one does not.
 */
const EXAMPLES = effort({ usual: 10, long: 50 });

/** Streams never end, so the fuzzer would wait forever. */
const ENDLESS = 'runs/stream';

test('every request that the OpenAPI document allows, or nearly allows, is answered as documented', {
  skip: python.lacks('schemathesis'),
}, async () => {
  await using http = await openHttpApp();
  const { code, output } = await fuzz(await http.listen(), [
    '--checks=not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance',
    '--phases=examples,coverage,fuzzing',
    `--exclude-path-regex=${ENDLESS}`,
  ]);
  assert.equal(code, 0, output);
  assert.match(output, /\b\d+ passed/);
});

test('a server that fails on a NUL character in a parameter is found out by its random examples', {
  skip: python.lacks('schemathesis'),
}, async () => {
  await using http = await openHttpApp({
    before: (app) => {
      app.use('*', async (c, next) => {
        c.set('requestId', 'planted');
        c.set('caller', { name: 'test', scopes: ['read', 'admin'] });
        if (c.req.url.includes('%00')) c.res = new Response('NUL', { status: 500 });
        else await next();
      });
    },
  });
  const { code, output } = await fuzz(await http.listen(), [
    '--checks=not_a_server_error',
    '--phases=fuzzing',
    '--include-path-regex=/condvest/v1/(symbols|quarantine|watchlist)$',
  ]);
  assert.equal(code, 1, output);
  assert.match(output, /Server error/);
});

async function fuzz(base: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-fuzz-'));
  try {
    return await run(
      join(dirname(python.command), 'st'),
      [
        'run',
        `${base}/condvest/v1/openapi.json`,
        ...args,
        `--max-examples=${EXAMPLES}`,
        `--seed=1`,
        // A request that hangs fails the run.
        '--request-timeout=30',
        '--generation-database=none',
        '--no-color',
      ],
      folder,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], folder: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
