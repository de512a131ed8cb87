/** A full account at several nodes at once, where nobody goes for a newcomer. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PASSWORD } from '../attempts/asking.ts';
import { type Answer, ask } from '../serving.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { type Place, places } from './places.ts';

const many = <T>(count: number, make: (turn: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, turn) => make(turn)));

function askAt(fleet: Fleet, turn: number, path: string, body: unknown): Promise<Answer> {
  const node = fleet.nodes[turn % fleet.nodes.length] ?? assert.fail();
  return ask(`${node.url}/auth/${path}`, { body });
}

const logIn = (fleet: Fleet, turn: number, username: string): Promise<Answer> =>
  askAt(fleet, turn, 'login/', { username, password: PASSWORD });

/** Makes an account; the key of its first session, which has the one place. */
async function register(fleet: Fleet, username: string): Promise<string> {
  const answer = await askAt(fleet, 0, 'registration/', { username, password1: PASSWORD, password2: PASSWORD });
  assert.equal(answer.status, 201);
  return keyIn(answer);
}

const keyIn = ({ body }: Answer): string => String(body['key']);
const idsIn = ({ body }: Answer): readonly string[] =>
  (body['sessions'] as { readonly id: string }[]).map(({ id }) => id);

async function verdictOf(fleet: Fleet, key: string): Promise<string> {
  const verdicts = await fleet.check(key);
  assert.equal(new Set(verdicts).size, 1, `the nodes differ: ${verdicts.join(', ')}`);
  return verdicts[0] ?? '';
}

for (const [name, { without, open }] of Object.entries(places)) {
  for (const count of [1, 3]) {
    describe(`a full account at ${count === 1 ? 'one node' : `${count} nodes`} on ${name}`, {
      skip: without ?? false,
    }, () => {
      let place: Place;
      let fleet: Fleet;
      before(async () => {
        place = await open();
        fleet = await startFleet(
          { ...place.environment, LATCHKEY_SESSION_LIMIT: '1', LATCHKEY_WHEN_FULL: 'ask' },
          count,
        );
      });
      after(async () => {
        await fleet.stop();
        await place.remove();
      });

      test('L5: of fifty sign-ins at once one comes in, and nobody is displaced', async () => {
        const first = await register(fleet, 'ann');
        const { url } = fleet.nodes[0] ?? assert.fail();
        assert.equal((await ask(`${url}/auth/logout/`, { key: first, body: {} })).status, 200);
        const answers = await many(50, (turn) => logIn(fleet, turn, 'ann'));
        const inside = answers.filter(({ status }) => status === 200);
        const away = answers.filter(({ status, reason }) => status === 409 && reason === 'choose_session');
        assert.deepEqual([inside.length, away.length], [1, 49]);
        assert.equal(await verdictOf(fleet, keyIn(inside[0] ?? assert.fail())), '200');
      });

      test('F-24, P3: of thirty uses of one ticket one comes in; whoever was chosen is out everywhere when that is answered', async () => {
        const old = await register(fleet, 'bea');
        assert.equal(await verdictOf(fleet, old), '200');
        const asked = await logIn(fleet, 1, 'bea');
        const body = { ticket: asked.body['ticket'], end: idsIn(asked) };
        const outs: string[] = [];
        const answers = await many(30, async (turn) => {
          const answer = await askAt(fleet, turn, 'login/choose/', body);
          if (answer.status === 200) outs.push(await verdictOf(fleet, old));
          return answer;
        });
        assert.deepEqual(outs, ['401 session_displaced']);
        assert.equal(answers.filter(({ status }) => status === 400).length, 29);
        for (const answer of answers.filter(({ status }) => status === 200)) {
          assert.equal(await verdictOf(fleet, keyIn(answer)), '200');
        }
      });

      test('L13: of twenty that choose the same session at once, one takes its place; the others are asked again', async () => {
        const old = await register(fleet, 'cat');
        const asked = await many(20, (turn) => logIn(fleet, turn, 'cat'));
        const answers = await Promise.all(
          asked.map((one, turn) =>
            askAt(fleet, turn, 'login/choose/', { ticket: one.body['ticket'], end: idsIn(one) }),
          ),
        );
        const inside = answers.filter(({ status }) => status === 200);
        assert.deepEqual([inside.length, answers.filter(({ status }) => status === 409).length], [1, 19]);
        assert.equal(await verdictOf(fleet, old), '401 session_displaced');
        assert.equal(await verdictOf(fleet, keyIn(inside[0] ?? assert.fail())), '200');
      });
    });
  }
}
