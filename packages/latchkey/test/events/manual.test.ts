import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testServer } from '../http/serving.ts';

type Tell = (event: string, data: Readonly<Record<string, unknown>>) => void;
type Follow = (key: string, tell: Tell, lastEventId?: string) => Promise<{ status: number; lastEventId?: string }>;

/** The code for apps that the manual gives, as it stands there, for a server of our own. */
async function followAt(url: string): Promise<Follow> {
  const manual = readFileSync(new URL('../../../../docs/events.md', import.meta.url), 'utf8');
  const [, code] = /```js\n(async function follow[\s\S]*?)```/.exec(manual) ?? [];
  assert.ok(code !== undefined);
  const source = `${code.replace('https://accounts.example', url)}\nexport { follow };`;
  const { follow } = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  return follow;
}

test('P6, F-31: what the manual gives to apps hears of the end, and stops when it comes back', async () => {
  await using server = await testServer();
  const follow = await followAt(server.url);
  const key = await server.register('alice');
  const events: string[] = [];
  let reason: unknown = null;
  const followed = follow(key, (event, { code }) => {
    events.push(event);
    if (event === 'ended') reason = code;
    else void server.signIn('alice');
  });
  const { status, lastEventId } = await followed;
  assert.deepEqual([events, reason, status], [['hello', 'ended'], 'session_displaced', 200]);
  const again = await follow(key, () => assert.fail('nothing is told twice'), lastEventId);
  assert.equal(again.status, 204);
});
