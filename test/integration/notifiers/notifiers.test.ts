import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { SmtpNotifier } from '#adapters/smtp/notifier.ts';
import { WebhookNotifier } from '#adapters/webhook/notifier.ts';
import { CondvestError } from '#base/errors.ts';
import type { NoticeEvent } from '#ports/notices.ts';
import { unstoredNotice } from '#runtime/runs/unstored-notice.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { verifySignature, WebhookReceiver } from '#test/fakes/webhook-receiver.ts';

const SECRET = 'a-secret-of-the-tests';
const event: NoticeEvent = {
  event: 'opened',
  notice: unstoredNotice(
    {
      id: '5f0c',
      key: 'session-missing:2026-11-23',
      kind: 'session-missing',
      severity: 'warning',
      title: 'Session 2026-11-23 is missing',
      text: 'It is asked for again.',
    },
    1000,
  ),
};

async function failure(work: Promise<unknown>): Promise<CondvestError> {
  try {
    await work;
  } catch (cause) {
    assert.ok(cause instanceof CondvestError, String(cause));
    return cause;
  }
  return assert.fail('it was taken');
}

test('a webhook gets a signed post; what it refuses for now is worth another try', async () => {
  await using receiver = await WebhookReceiver.open();
  receiver.statuses.push(500, 429, 404, 204);
  const notifier = new WebhookNotifier({
    url: receiver.url,
    secret: SECRET,
    clock: new VirtualClock(1_700_000_000_000),
  });
  assert.equal((await failure(notifier.deliver(event))).kind, 'transient');
  assert.equal((await failure(notifier.deliver(event))).kind, 'transient');
  const refused = await failure(notifier.deliver(event));
  assert.deepEqual([refused.code, refused.kind], ['webhook-refused', 'permanent']);
  assert.ok(!refused.message.includes(SECRET));
  await notifier.deliver(event);
  const [post] = receiver.posts;
  assert.ok(post !== undefined);
  const timestamp = String(post.headers['x-condvest-timestamp']);
  const signature = String(post.headers['x-condvest-signature']);
  assert.equal(timestamp, '1700000000');
  assert.ok(verifySignature(SECRET, timestamp, post.body, signature));
  assert.ok(!verifySignature(SECRET, timestamp, `${post.body} `, signature));
  assert.equal((JSON.parse(post.body) as { title: string }).title, event.notice.title);
});

test('a webhook that says nothing, or is not there, is a transient failure', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const clock = new VirtualClock(0);
  const silent = await failure(new WebhookNotifier({ url, secret: SECRET, clock, timeoutMs: 50 }).deliver(event));
  assert.deepEqual([silent.code, silent.kind], ['webhook-unavailable', 'transient']);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const gone = await failure(new WebhookNotifier({ url, secret: SECRET, clock }).deliver(event));
  assert.match(gone.message, /ECONNREFUSED/);
});

/** As much of a mail server as is needed to take a message, or to refuse one. */
async function mailServer(
  refusals: Readonly<Record<string, string>>,
  refusedReceivers: ReadonlySet<string> | ReadonlyMap<string, string> = new Set(),
): Promise<{ url: string; mails: string[]; close: () => Promise<void> }> {
  const mails: string[] = [];
  const server = createTcpServer((socket) => {
    socket.write('220 test\r\n');
    let isData = false;
    let mail = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const text = String(chunk);
      if (isData) {
        mail += text;
        if (!mail.endsWith('\r\n.\r\n')) return;
        isData = false;
        mails.push(mail);
        mail = '';
        socket.write('250 taken\r\n');
        return;
      }
      const verb = text.slice(0, 4).toUpperCase();
      const refusal = refusals[verb];
      const receiver = verb === 'RCPT' ? /<(.*)>/.exec(text)?.[1] : undefined;
      if (refusal !== undefined) socket.write(`${refusal}\r\n`);
      else if (receiver !== undefined && refusedReceivers.has(receiver)) {
        const answer = refusedReceivers instanceof Map ? refusedReceivers.get(receiver) : undefined;
        socket.write(`${answer ?? '550 no such user'}\r\n`);
      } else if (verb === 'EHLO') socket.write('250-test\r\n250 AUTH PLAIN LOGIN\r\n');
      else if (verb === 'AUTH') socket.write('235 welcome\r\n');
      else if (verb === 'DATA') {
        isData = true;
        socket.write('354 go on\r\n');
      } else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else socket.write('250 fine\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://user:hidden-word@127.0.0.1:${port}`,
    mails,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

test('an e-mail carries the notice, and an id by which a repeat is known', async () => {
  const server = await mailServer({});
  await new SmtpNotifier({ url: server.url, from: 'a@example.com', to: ['b@example.com'] }).deliver(event);
  assert.match(server.mails[0] ?? '', /Subject: \[Condvest\] Session 2026-11-23 is missing/);
  assert.match(server.mails[0] ?? '', /Message-ID: <5f0c\.opened@condvest>/);
  await server.close();
});

test('a refused login is permanent, a full mailbox is not, and no password is shown', async () => {
  for (const [refusals, kind] of [
    [{ AUTH: '535 wrong hidden-word' }, 'permanent'],
    [{ RCPT: '450 later' }, 'transient'],
  ] as const) {
    const server = await mailServer(refusals);
    const error = await failure(
      new SmtpNotifier({ url: server.url, from: 'a@example.com', to: ['b@example.com'] }).deliver(event),
    );
    assert.equal(error.kind, kind);
    assert.ok(!error.message.includes('hidden-word'));
    await server.close();
  }
});

test('a receiver that is refused beside others has not been told, and alone is written to again', async () => {
  const refused = new Set(['gone@example.com']);
  const server = await mailServer({}, refused);
  const to = ['b@example.com', 'gone@example.com'];
  const notifier = new SmtpNotifier({ url: server.url, from: 'a@example.com', to });
  const error = await failure(notifier.deliver(event));
  assert.deepEqual([error.code, error.kind], ['email-refused', 'permanent']);
  assert.match(error.message, /gone@example\.com \(550\)/);
  assert.equal(server.mails.length, 1);
  refused.clear();
  await notifier.deliver(event);
  assert.equal(server.mails.length, 2);
  assert.match(server.mails[1] ?? '', /^To: gone@example\.com\r$/m);
  await notifier.deliver(event);
  assert.match(server.mails[2] ?? '', /^To: b@example\.com, gone@example\.com\r$/m);
  await server.close();
});

test('a receiver whose mailbox stays full keeps no notice from the others', async () => {
  const full = new Map([['full@example.com', '452 mailbox full']]);
  const server = await mailServer({}, full);
  const notifier = new SmtpNotifier({
    url: server.url,
    from: 'a@example.com',
    to: ['b@example.com', 'full@example.com'],
  });
  const first = await failure(notifier.deliver(event));
  assert.deepEqual([first.code, first.kind], ['email-unavailable', 'transient']);
  const again = await failure(notifier.deliver(event));
  assert.deepEqual([again.code, again.kind], ['email-refused', 'permanent'], 'what comes after it may go out');
  assert.match(again.message, /full@example\.com/);
  assert.equal(server.mails.length, 1);
  full.clear();
  await notifier.deliver(event);
  assert.match(server.mails[1] ?? '', /^To: full@example\.com\r$/m);
  await server.close();
});

test('a webhook whose address holds a name and a password is given them, and nobody is shown them', async () => {
  await using receiver = await WebhookReceiver.open();
  const url = new URL(receiver.url);
  url.username = 'me';
  url.password = 'hidden-word';
  const notifier = new WebhookNotifier({ url: url.href, secret: SECRET, clock: new VirtualClock(0) });
  await notifier.deliver(event);
  const expected = `Basic ${Buffer.from('me:hidden-word').toString('base64')}`;
  assert.equal(receiver.posts[0]?.headers.authorization, expected);
});
