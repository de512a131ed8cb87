/** What several nodes must keep, whatever store they share. */
import assert from 'node:assert/strict';
import { listen, type Told } from '../events/listening.ts';
import { type Fleet, until, untilAnswered } from './fleet.ts';

export type NodesCase = { readonly name: string; readonly run: (fleet: Fleet) => Promise<void> };

/** What a fleet is like, where a promise is about what not every fleet has. */
export type FleetKind = { readonly nodes: number; readonly remembers: boolean };

let made = 0;

async function newAccount(fleet: Fleet): Promise<string> {
  made++;
  const username = `person${made}`;
  await fleet.register(username);
  return username;
}

/** So that each node answers from memory, where it may. */
async function warm(fleet: Fleet, key: string): Promise<void> {
  for (let times = 0; times < 2; times++)
    assert.deepEqual(
      await fleet.check(key),
      fleet.nodes.map(() => '200'),
    );
}

const ofMemory: Record<string, (fleet: Fleet) => Promise<void>> = {
  async 'F-36: a key that is used again is answered from memory, on every node'(fleet) {
    const key = await fleet.signIn(await newAccount(fleet));
    await until('every node remembers', async () => {
      await warm(fleet, key);
      const hits = await Promise.all(fleet.nodes.map((_, node) => fleet.figure(node, 'latchkey_check_hits_total')));
      return hits.every((count) => count > 0);
    });
    // A machine that is busy with other things lets the horizon pass now and then.
    await until('twenty checks read nothing', async () => {
      const reads = await fleet.figure(1, 'latchkey_check_reads_total');
      for (let times = 0; times < 20; times++) await fleet.check(key);
      return (await fleet.figure(1, 'latchkey_check_reads_total')) === reads;
    });
  },
};

const cases: Record<string, (fleet: Fleet) => Promise<void>> = {
  async 'L1, P3: once a sign-in is answered no node accepts the displaced key, though each remembered it'(fleet) {
    const username = await newAccount(fleet);
    let key = await fleet.signIn(username);
    for (let turn = 0; turn < 100; turn++) {
      await warm(fleet, key);
      const next = await fleet.signIn(username, turn);
      assert.deepEqual(
        await fleet.check(key),
        fleet.nodes.map(() => '401 session_displaced'),
        `turn ${turn}`,
      );
      key = next;
    }
    await warm(fleet, key);
  },

  async 'F-1, L2, P1: of fifty sign-ins at once at all nodes one is live, at all nodes'(fleet) {
    const username = await newAccount(fleet);
    for (let round = 0; round < 5; round++) {
      const keys = await Promise.all(Array.from({ length: 50 }, (_, turn) => fleet.signIn(username, turn)));
      const verdicts = await Promise.all(keys.map((key) => fleet.check(key)));
      for (const [node] of fleet.nodes.entries()) {
        const live = verdicts.filter((verdict) => verdict[node] === '200').length;
        assert.equal(live, 1, `round ${round}, node ${node}`);
      }
      const others = verdicts.filter((verdict) => verdict.some((one) => one !== '200'));
      assert.ok(others.flat().every((one) => one === '401 session_displaced'));
    }
  },

  async 'P3: what ends otherwise ends everywhere at once, too: signing out'(fleet) {
    const username = await newAccount(fleet);
    for (let turn = 0; turn < 10; turn++) {
      const key = await fleet.signIn(username, turn);
      await warm(fleet, key);
      const { url } = fleet.nodes[turn % fleet.nodes.length] ?? assert.fail();
      const answer = await fetch(`${url}/auth/logout/`, { method: 'POST', headers: { authorization: `Token ${key}` } });
      assert.equal(answer.status, 200);
      assert.deepEqual(
        await fleet.check(key),
        fleet.nodes.map(() => '401 signed_out'),
      );
    }
  },

  async 'F-30, P6: an open page hears within a second of a sign-in at another node, and missed events are told on any node'(
    fleet,
  ) {
    const username = await newAccount(fleet);
    const at = (node: number): string => fleet.nodes[node % fleet.nodes.length]?.url ?? assert.fail();
    let key = '';
    let hello: Told | null = null;
    // A busy machine may hold one up, and not all of them.
    const tookMs: number[] = [];
    while (!tookMs.some((took) => took < 1_000)) {
      key = await fleet.signIn(username);
      const listening = await listen(at(1), { key });
      hello = await listening.next('hello');
      const signedIn = performance.now();
      await fleet.signIn(username, 2);
      const [ended] = (await listening.rest()).filter(({ event }) => event === 'ended');
      tookMs.push(performance.now() - signedIn);
      assert.equal(ended?.data['code'], 'session_displaced');
      assert.ok(tookMs.length < 20, `never within a second: ${tookMs.map(Math.round)}`);
    }
    // It was not connected when that happened, as far as it knows, and comes back at another node.
    const later = await listen(at(2), { key, headers: { 'last-event-id': hello?.id ?? '' } });
    assert.equal((await later.next('ended')).data['code'], 'session_displaced');
  },
};

const ofMany: Record<string, (fleet: Fleet) => Promise<void>> = {
  async 'P8, F-37: a node that is killed takes nothing with it, and the others go on'(fleet) {
    const username = await newAccount(fleet);
    const key = await fleet.signIn(username, 1);
    await warm(fleet, key);
    const last = fleet.nodes.at(-1) ?? assert.fail();
    await last.stop('SIGKILL');
    const at = (presented: string) => fetchVerdict(fleet, presented);
    assert.equal(await at(key), '200');
    // Nobody knows yet that it is dead: this sign-in waits until it cannot trust its memory any more.
    const next = await fleet.signIn(username, 0);
    assert.deepEqual([await at(key), await at(next)], ['401', '200']);
  },
};

async function fetchVerdict({ nodes: [first] }: Fleet, key: string): Promise<string> {
  const answer = await fetch(`${first?.url}/auth/session/`, { headers: { authorization: `Token ${key}` } });
  await answer.arrayBuffer();
  return String(answer.status);
}

/** In this order: the last one kills a node. */
export function promisesOfNodes({ nodes, remembers }: FleetKind): readonly NodesCase[] {
  const all = { ...(remembers && ofMemory), ...cases, ...(nodes > 1 && ofMany) };
  return Object.entries(all).map(([name, run]) => ({ name, run: name in ofMany ? run : untilAnswered(run) }));
}
