/** Several nodes on one store, and what is asked of them. */
import assert from 'node:assert/strict';
import { PASSWORD } from '../attempts/asking.ts';
import { ask, QUICK, type ServingProcess, startServer } from '../serving.ts';

export type Fleet = {
  readonly nodes: readonly ServingProcess[];
  /** A sign-in at one of them: its key. */
  signIn(username: string, node?: number): Promise<string>;
  register(username: string): Promise<void>;
  /** What a key gets at each node: a status and a reason. */
  check(key: string): Promise<readonly string[]>;
  /** A figure of a node's. */
  figure(node: number, name: string): Promise<number>;
  stop(): Promise<void>;
};

/** Starts nodes whose settings name one store. */
export async function startFleet(environment: Readonly<Record<string, string>>, count = 3): Promise<Fleet> {
  const nodes: ServingProcess[] = [];
  for (let node = 0; node < count; node++) nodes.push(await startServer('unused', { ...QUICK, ...environment }));
  const at = (node: number): ServingProcess => nodes[node % count] ?? assert.fail();
  return {
    nodes,
    async signIn(username, node = 0) {
      const { status, body } = await ask(`${at(node).url}/auth/login/`, { body: { username, password: PASSWORD } });
      assert.equal(status, 200, JSON.stringify(body));
      return String(body['key']);
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
      const [, value] = new RegExp(`^${name} (.+)$`, 'm').exec(text) ?? [];
      return Number(value ?? assert.fail(`${name} is not among the figures:\n${text}`));
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    },
  };
}

/** Waits until something is so, for at most so long. */
export async function until(what: string, isSo: () => Promise<boolean>, forMs = 10_000): Promise<void> {
  const end = performance.now() + forMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `${what}: not within ${forMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
