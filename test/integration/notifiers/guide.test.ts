import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { WebhookNotifier } from '#adapters/webhook/notifier.ts';
import type { NoticeEvent } from '#ports/notices.ts';
import { unstoredNotice } from '#runtime/runs/unstored-notice.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { pythonLacks } from '#test/fixtures/python.ts';

/** The operations guide's checks of a signature, each in a receiver of its own that is posted to as by a run. */

const SECRET = 'a-secret-of-the-tests';
const PYTHON = process.env.CONDVEST_TEST_PYTHON ?? 'python3';
const event: NoticeEvent = {
  event: 'opened',
  notice: unstoredNotice(
    {
      id: '5f0c',
      key: 'run-failed:verify',
      kind: 'run-failed',
      severity: 'error',
      title: 'Größer als erlaubt – 7 × so viel',
      text: 'What is not ASCII is signed as the bytes that are sent.',
    },
    1000,
  ),
};

/** As a reader would put the Python block to use: the standard library's server. */
const PYTHON_RECEIVER = `
from http.server import BaseHTTPRequestHandler, HTTPServer

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204 if is_from_condvest("${SECRET}", self.headers, body) else 401)
        self.end_headers()

server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
`;
const NODE_RECEIVER = `
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const headers = new Headers(request.headers as Record<string, string>);
    const isTrue = isFromCondvest('${SECRET}', headers, Buffer.concat(chunks).toString('utf8'));
    response.writeHead(isTrue ? 204 : 401).end();
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port));
`;

for (const { language, file, command, receiver, skip } of [
  { language: 'python', file: 'receiver.py', command: PYTHON, receiver: PYTHON_RECEIVER, skip: pythonLacks('hmac') },
  { language: 'ts', file: 'receiver.ts', command: process.execPath, receiver: NODE_RECEIVER, skip: false },
] as const) {
  test(`the ${language} check of a signature takes what is ours, and refuses without failing what is not`, {
    skip,
  }, async () => {
    const guide = await readFile('docs/how-to/operate.md', 'utf8');
    const [, snippet] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(guide) ?? [];
    assert.ok(snippet !== undefined, 'the guide has it');
    const folder = await mkdtemp(join(tmpdir(), 'condvest-receiver-'));
    const path = join(folder, file);
    await writeFile(path, snippet + receiver);
    const child = spawn(command, [path], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const url = `http://127.0.0.1:${await firstLine(child)}/`;
      const send = (secret: string, agoMs = 0): Promise<void> =>
        new WebhookNotifier({ url, secret, clock: new VirtualClock(Date.now() - agoMs) }).deliver(event);
      await send(SECRET);
      await assert.rejects(send('another-secret-of-the-tests'), /status 401/);
      await assert.rejects(send(SECRET, 3_600_000), /status 401/, 'an old post sent again');
      for (const headers of [
        {},
        { 'X-Condvest-Timestamp': 'now', 'X-Condvest-Signature': 'v1=é' },
        { 'X-Condvest-Timestamp': String(Math.floor(Date.now() / 1000)) },
      ]) {
        const response = await fetch(url, { method: 'POST', body: '{}', headers });
        assert.equal(response.status, 401);
      }
    } finally {
      child.kill();
      await once(child, 'close');
      await rm(folder, { recursive: true });
    }
  });
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout !== null);
  for await (const line of createInterface(child.stdout)) return line;
  return assert.fail('the receiver ended before it listened');
}
