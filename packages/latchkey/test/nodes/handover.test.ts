/** Accounts in PostgreSQL, sessions in Redis, and a node that dies after a change of an account and before its sessions hear of it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PASSWORD } from '../attempts/asking.ts';
import { type Answer, ask, type ServingProcess } from '../serving.ts';
import { type Fleet, startFleet, until } from './fleet.ts';
import { type Place, places } from './places.ts';
import { NEW_PASSWORD } from './racing.ts';

const pair = places['PostgreSQL and Redis'] ?? assert.fail();

const STOPPED = new URL('stopped-handover.ts', import.meta.url).href;

type Change = {
  readonly ask: (node: ServingProcess, key: string) => Promise<Answer>;
  /** What the sessions of the account but the one that asked are told in the end. */
  readonly told: string;
  readonly isOwnKept: boolean;
};

const changes: Readonly<Record<string, Change>> = {
  'a password change': {
    ask: ({ url }, key) => {
      const body = { old_password: PASSWORD, new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };
      return ask(`${url}/auth/password/change/`, { key, body });
    },
    told: '401 password_changed',
    isOwnKept: true,
  },
  'signing the others out': {
    ask: ({ url }, key) => ask(`${url}/auth/sessions/end-others/`, { key, body: {} }),
    told: '401 session_revoked',
    isOwnKept: true,
  },
  'closing the account': {
    ask: ({ url }, key) => ask(`${url}/auth/user/`, { key, method: 'DELETE', body: { password: PASSWORD } }),
    told: '401 account_disabled',
    isOwnKept: false,
  },
};

let made = 0;

describe('two nodes on PostgreSQL and Redis, one of which dies in the midst of a change', {
  skip: pair.without ?? false,
}, () => {
  let place: Place;
  let environment: Readonly<Record<string, string>>;
  before(async () => {
    place = await pair.open();
    environment = { ...place.environment, LATCHKEY_SESSION_LIMIT: '3' };
  });
  after(() => place.remove());

  /** Asks a node for a change, and kills it between the halves. The keys of the account, its own first. */
  async function killed(dying: Fleet, change: Change): Promise<readonly [own: string, other: string]> {
    const [node] = dying.nodes;
    assert.ok(node !== undefined);
    made++;
    const username = `person${made}`;
    await dying.register(username);
    const [other, own] = [await dying.signIn(username), await dying.signIn(username)];
    const answered = change.ask(node, own).then(
      ({ status }) => status,
      () => 'no answer',
    );
    await until('it stands between the halves', async () => node.output().includes('between the halves'));
    await node.stop('SIGKILL');
    assert.equal(await answered, 'no answer');
    return [own, other];
  }

  for (const [what, change] of Object.entries(changes)) {
    for (const by of ['another node', 'the node itself, started again'] as const) {
      test(`P8, I9, L23: ${what} that nobody answered is brought to the sessions by ${by}`, async () => {
        const dying = await startFleet(environment, 1, () => ({ NODE_OPTIONS: `--import=${STOPPED}` }));
        const beside = by === 'another node' ? await startFleet(environment, 1) : null;
        const [own, other] = await killed(dying, change);
        const rest = beside ?? (await startFleet(environment, 1));
        await until('the sessions are told', async () => (await rest.check(other))[0] === change.told);
        assert.deepEqual(await rest.check(own), [change.isOwnKept ? '200' : change.told]);
        await rest.stop();
      });
    }
  }
});
