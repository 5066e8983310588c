import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CondvestError, errorText, reasonOf } from './errors.ts';

const ESCAPE = '\u001b[2J';
const KEY = `cvk_0123456789ab_${'x'.repeat(43)}`;

test('the value in a message is bounded, without control characters and without keys', () => {
  const { message, found } = new CondvestError({
    code: 'x',
    kind: 'permanent',
    message: `The file ${ESCAPE} is wrong`,
    found: `${ESCAPE}/${KEY}/${'s'.repeat(1e7)}`,
    action: 'Fix it',
  });
  assert.ok(found !== undefined && found.length <= 500 && found.endsWith('…'));
  assert.ok(message.length < 600);
  assert.ok(!message.includes(ESCAPE) && !message.includes('xxx'), message.slice(0, 100));
  assert.match(message, /^The file \\u\{1b\}\[2J is wrong: .*…\. Fix it\.$/);
});

test('the text of anything that was thrown is bounded, nested causes included', () => {
  const inner = new Error(`${KEY} ${ESCAPE}${'s'.repeat(1e7)}`);
  for (const text of [errorText(inner), reasonOf(new Error('fetch failed', { cause: inner }))]) {
    assert.ok(text.length <= 500, String(text.length));
    assert.ok(text.startsWith('cvk_0123456789ab_hidden \\u{1b}[2J'), text.slice(0, 60));
  }
});
