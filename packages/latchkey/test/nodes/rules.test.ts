/** Nodes that do not have the same settings: the rule is the store's, and one node that has another cannot switch it off. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD } from '../attempts/asking.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { type Place, places } from './places.ts';
import { askAt, DISPLACED, keyIn, liveAmong, logIn, many } from './racing.ts';

const MISMATCH = '503 rule_mismatch';
const CROWD = 40;

async function withPlace(open: () => Promise<Place>, run: (start: StartNode) => Promise<void>): Promise<void> {
  const place = await open();
  const started: Fleet[] = [];
  try {
    await run(async (own) => {
      const fleet = await startFleet({ ...place.environment, ...own }, 1);
      started.push(fleet);
      return fleet;
    });
  } finally {
    await Promise.all(started.map((fleet) => fleet.stop()));
    await place.remove();
  }
}

/** Starts one more node, with settings of its own. */
type StartNode = (own: Readonly<Record<string, string>>) => Promise<Fleet>;

const said = ({ status, reason }: { readonly status: number; readonly reason: string | null }): string =>
  `${status} ${reason}`;

async function ruled(start: StartNode): Promise<void> {
  const wide = await start({ LATCHKEY_SESSION_LIMIT: 'unlimited' });
  await wide.register('ann');
  const keys = (await many(CROWD, (turn) => logIn(wide, turn, 'ann'))).map(keyIn);
  assert.equal((await liveAmong(wide, keys)).length, CROWD);
  // Nobody goes before somebody comes: what is not over stays live, at the node with the lower limit, too.
  const narrow = await start({ LATCHKEY_SESSION_LIMIT: '2' });
  assert.deepEqual(await liveAmong(narrow, keys), keys);

  // The newest rule is in force: whoever has another lets nobody in, and goes on checking.
  const refused = await many(10, (turn) => logIn(wide, turn, 'ann'));
  assert.deepEqual(new Set(refused.map(said)), new Set([MISMATCH]));
  const body = { username: 'bob', password1: PASSWORD, password2: PASSWORD };
  assert.equal(said(await askAt(wide, 0, 'registration/', { body })), MISMATCH);
  assert.deepEqual(await liveAmong(wide, keys), keys);

  const first = await narrow.signIn('ann');
  for (const node of [narrow, wide]) assert.equal((await liveAmong(node, [...keys, first])).length, 2);
  const second = await narrow.signIn('ann');
  for (const node of [narrow, wide]) assert.deepEqual(await liveAmong(node, [...keys, first, second]), [first, second]);
  const gone = await wide.check(keys[0] ?? assert.fail());
  assert.deepEqual(gone, [DISPLACED]);

  // More places displace nobody.
  const wider = await start({ LATCHKEY_SESSION_LIMIT: '4' });
  const more = [first, second, await wider.signIn('ann'), await wider.signIn('ann')];
  for (const node of [wider, narrow, wide]) assert.deepEqual(await liveAmong(node, more), more);
  assert.equal(said(await logIn(narrow, 0, 'ann')), MISMATCH);
  const last = await wider.signIn('ann');
  assert.deepEqual(await liveAmong(narrow, [...more, last]), [...more.slice(1), last]);
}

const TRIES = 5;

/** Wrong passwords are counted by the store: however many nodes there are, there are no more tries. */
async function counted(start: StartNode): Promise<void> {
  const settings = {
    LATCHKEY_SESSION_LIMIT: '3',
    LATCHKEY_RATE_LIMITS: 'on',
    LATCHKEY_ATTEMPTS_PER_ACCOUNT: `${TRIES}/hour`,
    LATCHKEY_ATTEMPTS_PER_NETWORK: '100000/min',
  };
  const nodes: readonly Fleet[] = [await start(settings), await start(settings), await start(settings)];
  const at = (turn: number): Fleet => nodes[turn % nodes.length] ?? assert.fail();
  await at(0).register('ann');
  const key = await at(1).signIn('ann');
  const answers = await many(60, (turn) => logIn(at(turn), 0, 'ann', 'wrong-and-long-enough'));
  const looked = answers.filter(({ status }) => status === 400).length;
  assert.ok(looked > 0 && looked <= TRIES, `${looked} were looked at`);
  assert.equal(answers.filter((answer) => said(answer) === '429 too_many_attempts').length, answers.length - looked);
  // Neither does the right one come in then, at whichever node, nor is anybody displaced.
  for (let turn = 0; turn < nodes.length; turn++) assert.equal((await logIn(at(turn), 0, 'ann')).status, 429);
  for (const node of nodes) assert.deepEqual(await node.check(key), ['200']);
}

for (const [name, { without, open }] of Object.entries(places)) {
  describe(`nodes on ${name} that come one after the other`, { skip: without ?? false }, () => {
    test('F-9, F-39, L11: one that has another limit cannot switch it off; a lower one brings a crowd down at the next sign-in, a higher one displaces nobody', () =>
      withPlace(open, ruled));

    test('B5, B10, L19: of sixty wrong passwords at once at three nodes no more are looked at than one node would', () =>
      withPlace(open, counted));
  });
}
