import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameRejects, frameReject } from './frame-rejects.ts';
import { topicName } from './market-feed.ts';

test('rejects of a frame are all counted, and the first twenty are described', () => {
  const rejects = new FrameRejects();
  for (let index = 0; index < 1000; index += 1) rejects.add('bad-value', `p: ${index}`, () => `{"p":${index}}`);
  const { events, rejects: described, rejected } = rejects.with([]);
  assert.deepEqual([events, rejected], [[], 1000]);
  assert.deepEqual(
    described.map(({ detail }) => detail),
    Array.from({ length: 20 }, (_, index) => `p: ${index}`),
  );
});

test('an excerpt has at most 2 KB, also if no byte of it is text or a character is cut', () => {
  const frames = [Buffer.alloc(50_000_000, 0xff), Buffer.from('€'.repeat(5000)), Buffer.from('{"ev":"T"}')];
  for (const frame of frames) {
    const { excerpt } = frameReject('not-text', 'x', frame);
    assert.ok(Buffer.byteLength(excerpt) <= 2048, `${Buffer.byteLength(excerpt)} bytes`);
    assert.ok(excerpt.length > 0);
  }
  const long = frameReject('bad-value', 'y'.repeat(10_000), () => '€'.repeat(10_000));
  assert.ok(Buffer.byteLength(long.excerpt) <= 2048 && Buffer.byteLength(long.detail) <= 2048);
  assert.equal(frameReject('not-json', 'why', Buffer.from('[{]')).excerpt, '[{]');
});

test('the name of a topic tells its channel and its symbol', () => {
  assert.equal(topicName({ channel: 'trades', symbol: 'BRK.B' }), 'trades.BRK.B');
  assert.equal(topicName({ channel: 'minutes', symbol: null }), 'minutes.*');
});
