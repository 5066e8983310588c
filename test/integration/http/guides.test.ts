import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { isoDate } from '#base/dates.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { pythonLacks, runPython } from '#test/fixtures/python.ts';

/** Runs what the guides tell a reader to type, against a test server whose market has another symbol. */
function blocks(guide: string, language: string, base: string): string[] {
  const text = readFileSync(`docs/how-to/${guide}.md`, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) =>
    code.replaceAll('http://localhost:8787', base).replaceAll('ZABT', 'AAA'),
  );
}

function runNode(program: string): Promise<string> {
  const client = import.meta.resolve('@massive.com/client-js');
  const text = program.replaceAll(`'@massive.com/client-js'`, `'${client}'`);
  return runFile('program.mjs', text, (path) => [process.execPath, [path]]);
}

/** Returns the output of a command that is run with a file of this text. */
async function runFile(
  name: string,
  text: string,
  commandOf: (path: string) => [command: string, args: string[]],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-guide-'));
  try {
    const path = join(folder, name);
    await writeFile(path, text);
    const { stdout } = await promisify(execFile)(...commandOf(path), { maxBuffer: 1 << 24 });
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const noGo = spawnSync('go', ['version']).status === 0 ? false : 'SKIPPED: there is no Go on this machine';

async function volumeOf(http: HttpApp, symbol: string): Promise<number> {
  const { bars } = await http.json<{ bars: { volume: number }[] }>(`/condvest/v1/bars/${symbol}?adjust=raw`);
  return bars.reduce((sum, { volume }) => sum + volume, 0);
}

test('the programs of the JavaScript guide run as they are', async () => {
  await using http = await openHttpApp();
  const programs = blocks('use-from-javascript', 'js', await http.listen());
  assert.equal(programs.length, 3);
  const outputs: string[] = [];
  for (const program of programs) outputs.push(await runNode(program));
  const days = http.calendar.range(isoDate('2024-01-02'), isoDate('2024-03-28')).length;
  assert.match(outputs[0] ?? '', new RegExp(`^${days} [\\d.]+\\n$`));
  assert.match(outputs[1] ?? '', /up to 2025-12-31, as AAA\n$/);
  assert.equal(outputs[2], `${await volumeOf(http, 'AAA')}\n`);
});

test('the program without a client in the Go guide prints every session', { skip: noGo }, async () => {
  await using http = await openHttpApp();
  const program = blocks('use-from-go', 'go', await http.listen()).at(-1) ?? '';
  const printed = await runFile('main.go', program, (path) => ['go', ['run', path]]);
  const { bars } = await http.json<{ bars: { session: string; close: number }[] }>('/condvest/v1/bars/AAA?adjust=raw');
  assert.deepEqual(
    printed.trim().split('\n'),
    bars.map(({ session, close }) => `${session} ${close}`),
  );
});

test('every block of the Python guide runs', {
  skip: pythonLacks('massive', 'pandas', 'requests', 'polars', 'pyarrow'),
}, async () => {
  await using http = await openHttpApp();
  const script = `
import json
${blocks('use-from-python', 'python', await http.listen()).join('\n')}
print(json.dumps({"months": len(months), "bars": len(bars), "rows": frame.height}))`;
  const told = (await runPython(script)) as Record<string, number>;
  assert.ok((told['months'] ?? 0) >= 2);
  assert.ok((told['bars'] ?? 0) > 20);
  const { bars } = await http.json<{ bars: unknown[] }>('/condvest/v1/bars/AAA');
  assert.ok((told['rows'] ?? 0) > bars.length);
});

test('every address in the spreadsheet guide returns rows', async () => {
  await using http = await openHttpApp();
  const text = readFileSync('docs/how-to/use-from-excel.md', 'utf8');
  const addresses = [...text.matchAll(/http:\/\/localhost:8787(\/condvest[^\s'"]+)/g)].map(([, path = '']) => path);
  assert.ok(addresses.length >= 5);
  for (const path of addresses) {
    const response = await http.get(path.replace('ZABT', 'AAA'));
    const body = await response.text();
    assert.equal(response.status, 200, `${path}: ${body.slice(0, 200)}`);
    assert.ok(body.trimEnd().split('\n').length > 1, path);
  }
});
