/** Several nodes on one store, and what is asked of them. */
import assert from 'node:assert/strict';
import { PASSWORD } from '../attempts/asking.ts';
import { type Answer, ask, QUICK, type ServingProcess, startServer } from '../serving.ts';
import type { Environment } from './places.ts';

export type Fleet = {
  readonly nodes: readonly ServingProcess[];
  /** A sign-in at one of them: its key. */
  signIn(username: string, node?: number): Promise<string>;
  register(username: string): Promise<void>;
  /** What a key gets at each node: a status and a reason. */
  check(key: string): Promise<readonly string[]>;
  /** The figure of a node's, or of all that differ by a label alone. */
  figure(node: number, name: string): Promise<number>;
  stop(): Promise<void>;
};

/** Starts nodes whose settings name one store; `own` is what one of them is told beside that. */
export async function startFleet(
  environment: Environment,
  count = 3,
  own: (node: number) => Environment = () => ({}),
): Promise<Fleet> {
  const nodes: ServingProcess[] = [];
  for (let node = 0; node < count; node++) {
    nodes.push(await startServer('unused', { ...QUICK, ...environment, ...own(node) }));
  }
  const at = (node: number): ServingProcess => nodes[node % count] ?? assert.fail();
  return {
    nodes,
    async signIn(username, node = 0) {
      const body = { username, password: PASSWORD };
      const answer = answered(await ask(`${at(node).url}/auth/login/`, { body }));
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return String(answer.body['key']);
    },
    async register(username) {
      const body = { username, password1: PASSWORD, password2: PASSWORD };
      const { status } = await ask(`${at(0).url}/auth/registration/`, { body });
      assert.equal(status, 201);
    },
    check: (key) =>
      Promise.all(
        nodes.map(async ({ url }) => {
          const { status, reason } = await ask(`${url}/auth/session/`, { key });
          return reason === null ? String(status) : `${status} ${reason}`;
        }),
      ),
    async figure(node, name) {
      const text = await (await fetch(`${at(node).url}/metrics`)).text();
      assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'));
      const samples = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.+)$`, 'gm'))];
      return samples.reduce((sum, [, value]) => sum + Number(value === '+Inf' ? Number.POSITIVE_INFINITY : value), 0);
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    },
  };
}

/** A store gave somebody no turn in time, because the machine does much else: that is no promise broken, and proves none. */
export class StoreBusy extends Error {
  override readonly name = 'StoreBusy';
}

/** The answer. @throws StoreBusy where it is none */
export function answered(answer: Answer): Answer {
  if (answer.status === 503 && answer.reason === 'store_unavailable') throw new StoreBusy(JSON.stringify(answer.body));
  return answer;
}

/** How many come at once, first; whoever gets no turn on a busy machine comes again among fewer. */
const CROWDS = [50, 50, 50, 30, 20, 15, 12, 10, 10, 10];

/** Runs it again, from the beginning, until everybody in it was answered. */
export function untilAnswered(run: (fleet: Fleet, crowd: number) => Promise<void>): (fleet: Fleet) => Promise<void> {
  return async (fleet) => {
    for (const [turn, crowd] of CROWDS.entries()) {
      try {
        return await run(fleet, crowd);
      } catch (error) {
        if (!(error instanceof StoreBusy) || turn === CROWDS.length - 1) throw error;
      }
    }
  };
}

/** Waits until something is so, for at most so long. */
export async function until(what: string, isSo: () => Promise<boolean>, forMs = 60_000): Promise<void> {
  const end = performance.now() + forMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `${what}: not within ${forMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
