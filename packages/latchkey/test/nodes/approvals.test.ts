/** A newcomer is let in across nodes: asked for at one, told and answered at another, collected at a third. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PASSWORD } from '../attempts/asking.ts';
import { listen } from '../events/listening.ts';
import { type Answer, ask } from '../serving.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { type Place, places } from './places.ts';

const many = <T>(count: number, make: (turn: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, turn) => make(turn)));

const keyIn = ({ body }: Answer): string => String(body['key']);

for (const [name, { without, open }] of Object.entries(places)) {
  describe(`three nodes on ${name}`, { skip: without ?? false }, () => {
    let place: Place;
    let fleet: Fleet;
    before(async () => {
      place = await open();
      const whenFull = { LATCHKEY_SESSION_LIMIT: '1', LATCHKEY_WHEN_FULL: 'approve' };
      fleet = await startFleet({ ...place.environment, ...whenFull });
    });
    after(async () => {
      await fleet.stop();
      await place.remove();
    });

    const urlOf = (turn: number): string => (fleet.nodes[turn % 3] ?? assert.fail()).url;
    const askAt = (turn: number, path: string, body: unknown, key?: string): Promise<Answer> =>
      ask(`${urlOf(turn)}/auth/${path}`, { body, ...(key !== undefined && { key }) });
    const logIn = (turn: number, username: string): Promise<Answer> =>
      askAt(turn, 'login/', { username, password: PASSWORD });

    /** An account with one session, which follows its events at the second node. */
    async function account(username: string) {
      const answer = await askAt(0, 'registration/', { username, password1: PASSWORD, password2: PASSWORD });
      assert.equal(answer.status, 201);
      const stream = await listen(urlOf(1), { key: keyIn(answer) });
      await stream.next('hello');
      return { key: keyIn(answer), stream };
    }

    test('F-30, P3: the one who is in hears of it elsewhere in under a second, and is out everywhere when the newcomer is in', async () => {
      const { key, stream } = await account('ann');
      const began = performance.now();
      const asked = await logIn(0, 'ann');
      assert.equal(asked.reason, 'approval_required');
      const { data } = await stream.next('approval_requested');
      assert.ok(performance.now() - began < 1_500, `${performance.now() - began} ms`);
      const ticket = asked.body['ticket'];
      assert.equal((await askAt(2, 'login/approval/', { ticket })).reason, 'approval_required');
      assert.equal((await askAt(1, `approvals/${data['id']}/approve/`, {}, key)).status, 204);
      const outs: string[] = [];
      const answers = await many(30, async (turn) => {
        const answer = await askAt(turn, 'login/approval/', { ticket });
        if (answer.status === 200) outs.push(...(await fleet.check(key)));
        return answer;
      });
      const reasons = answers.map(({ status, reason }) => `${status} ${reason}`).toSorted();
      assert.deepEqual(reasons, ['200 null', ...Array.from({ length: 29 }, () => '400 invalid_input')]);
      assert.deepEqual(outs, Array(3).fill('401 session_displaced'));
      const inside = answers.find(({ status }) => status === 200) ?? assert.fail();
      assert.deepEqual(await fleet.check(keyIn(inside)), Array(3).fill('200'));
      assert.equal((await stream.next('ended')).data['code'], 'session_displaced');
      stream.close();
    });

    test('L22, F20: of thirty answers at three nodes at once one counts, and all nodes know which', async () => {
      const { key, stream } = await account('bea');
      const asked = await logIn(2, 'bea');
      const { data } = await stream.next('approval_requested');
      const said = await many(30, (turn) =>
        askAt(turn, `approvals/${data['id']}/${turn % 2 === 0 ? 'approve' : 'decline'}/`, {}, key),
      );
      assert.deepEqual(said.map(({ status }) => status).toSorted(), [204, ...Array.from({ length: 29 }, () => 404)]);
      const isApproved = said.findIndex(({ status }) => status === 204) % 2 === 0;
      assert.equal((await stream.next('approval_answered')).data['approved'], isApproved);
      const { status, reason } = await askAt(1, 'login/approval/', { ticket: asked.body['ticket'] });
      assert.deepEqual([status, reason], isApproved ? [200, null] : [409, 'approval_declined']);
      stream.close();
    });

    test('F-40: of thirty sign-ins at once from one place one request is left, and each other ticket is good for nothing', async () => {
      const { key, stream } = await account('cat');
      const asked = await many(30, (turn) => logIn(turn, 'cat'));
      const tickets = asked.map(({ body }) => body['ticket']);
      const answers = await many(30, (turn) => askAt(turn, 'login/approval/', { ticket: tickets[turn] }));
      assert.equal(answers.filter(({ reason }) => reason === 'approval_required').length, 1);
      const listed = await fetch(`${urlOf(2)}/auth/approvals/`, { headers: { authorization: `Token ${key}` } });
      assert.equal(((await listed.json()) as readonly unknown[]).length, 1);
      stream.close();
    });

    test('a yes is void at every node once whoever gave it is out', async () => {
      const { key, stream } = await account('dan');
      const asked = await logIn(0, 'dan');
      const { data } = await stream.next('approval_requested');
      assert.equal((await askAt(1, `approvals/${data['id']}/approve/`, {}, key)).status, 204);
      assert.equal((await askAt(2, 'logout/', {}, key)).status, 200);
      const { status } = await askAt(0, 'login/approval/', { ticket: asked.body['ticket'] });
      assert.equal(status, 400);
      assert.equal((await logIn(1, 'dan')).status, 200, 'there is room');
      stream.close();
    });
  });
}
