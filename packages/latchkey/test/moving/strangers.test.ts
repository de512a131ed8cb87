/** Who did not come along, and whoever has their number here: nothing of the one is the other's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD, post, withWorld } from './moved.ts';
import { available } from './site.ts';

const key = (of: number): string => of.toString(16).padStart(40, '0');

describe('users who do not come along', { skip: available() ?? false }, () => {
  test('leave keys and browsers behind, whoever has their number here by then', () =>
    withWorld(async ({ site, bring, serve }) => {
      const server = await serve();
      const passwords = { password1: PASSWORD, password2: PASSWORD };
      const made = await post(`${server.url}/auth/registration/`, { username: 'made-here', ...passwords });
      assert.equal(made.status, 201);
      await server.stop();
      const [, , stranger, other] = await site.ask(
        ['migrate', null],
        ['populate', { hashes: ['!unusable'], count: 2 }],
        ['session', { id: 1 }],
        ['session', { id: 2 }],
      );
      const said = await bring();
      assert.match(said, /^Made 1 accounts, .* 1 did not come along\.\nKeys 1, browser sessions 1; /);

      const { url } = await serve();
      const shows = async (headers: Record<string, string>): Promise<string> => {
        const answer = await fetch(`${url}/auth/user/`, { headers });
        return `${answer.status} ${String(((await answer.json()) as { username?: string }).username)}`;
      };
      assert.equal(await shows({ authorization: `Token ${key(1)}` }), '401 undefined');
      assert.equal(await shows({ cookie: `sessionid=${stranger}` }), '401 undefined');
      assert.equal(await shows({ authorization: `Token ${key(2)}` }), '200 user2');
      assert.equal(await shows({ cookie: `sessionid=${other}` }), '200 user2');
      const own = typeof made.body === 'string' ? '' : String(made.body['key']);
      assert.equal(await shows({ authorization: `Token ${own}` }), '200 made-here');
    }));

  test('what was changed here stays when all that happens there is a sign-in, or another name', () =>
    withWorld(async ({ site, bring, serve, latchkey }) => {
      await site.ask(['migrate', null], ['populate', { hashes: ['!unusable'], count: 2 }]);
      await bring();
      const suspended = await latchkey(['account', 'suspend', 'user1']);
      assert.equal(suspended.status, 0, suspended.stderr);
      await site.run("User.objects.filter(id=1).update(last_login='2026-11-01T12:00:00Z', first_name='Anna')");
      await bring();
      const { url } = await serve();
      const answer = await fetch(`${url}/auth/user/`, { headers: { authorization: `Token ${key(1)}` } });
      assert.equal(answer.status, 401);
      await site.run('User.objects.filter(id=1).update(is_active=False)');
      await bring();
      await site.run('User.objects.filter(id=1).update(is_active=True)');
      assert.match(await bring(), /changed 1/, 'what the source itself takes back is taken back');
    }));
});
