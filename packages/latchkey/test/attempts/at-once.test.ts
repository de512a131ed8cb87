import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Parts } from '../../src/flows/parts.ts';
import { openTest } from '../../src/testing/instance.ts';
import { temporaryFolder } from '../serving.ts';
import { FROM_ANYWHERE, limited, PASSWORD, signIn, WRONG } from './asking.ts';

/** Counts how many passwords these parts hold against a hash from now on. */
function countChecks(parts: Parts): () => number {
  let checks = 0;
  const { hasher } = parts;
  const verify: typeof hasher.verify = (stored, candidates) => {
    checks++;
    return hasher.verify(stored, candidates);
  };
  Object.assign(parts, { hasher: { ...hasher, verify } });
  return () => checks;
}

type World = { readonly nodes: readonly Awaited<ReturnType<typeof openTest>>[]; checks(): number };

/** Two nodes on one database, with an account. */
async function withTwoNodes(
  attempts: Parameters<typeof limited>[0],
  run: (world: World) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const settings = { ...limited(attempts), database: `sqlite:${folder.path}/test.db` };
  const nodes = [await openTest(settings), await openTest(settings)];
  try {
    await nodes[0]?.auth.accounts.create({ username: 'ann', password: PASSWORD });
    const counts = nodes.map(({ assembled }) => countChecks(assembled.parts));
    await run({ nodes, checks: () => counts.reduce((sum, count) => sum + count(), 0) });
  } finally {
    for (const { auth } of nodes) await auth.close();
    folder.remove();
  }
}

async function atOnce(times: number, ask: (time: number) => Promise<Response>): Promise<Record<number, number>> {
  const answers = await Promise.all(Array.from({ length: times }, (_, time) => ask(time)));
  const statuses: Record<number, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return statuses;
}

describe('two hundred tries at once over two connections', () => {
  test('B5, B10: no more of them reach the hash than the account has tries', async () => {
    await withTwoNodes(FROM_ANYWHERE, async ({ nodes, checks }) => {
      const statuses = await atOnce(200, (time) => {
        const from = `10.0.0.${time}`;
        return signIn(nodes[time % 2]?.auth ?? assert.fail(), 'ann', WRONG, { from });
      });
      assert.deepEqual(statuses, { 400: 10, 429: 190 });
      assert.equal(checks(), 10);
    });
  });

  test('B5, B10: nor than the network has', async () => {
    await withTwoNodes({ perNetwork: '25/min' }, async ({ nodes, checks }) => {
      const statuses = await atOnce(200, (time) =>
        signIn(nodes[time % 2]?.auth ?? assert.fail(), `name${time}`, WRONG, { from: '192.0.2.1' }),
      );
      assert.deepEqual(statuses, { 400: 25, 429: 175 });
      assert.equal(checks(), 25);
    });
  });

  test('B4, B5: nor than a row may be long', async () => {
    await withTwoNodes({ ...FROM_ANYWHERE, perAccount: '1000/min', consecutive: 20 }, async ({ nodes, checks }) => {
      const statuses = await atOnce(200, (time) => signIn(nodes[time % 2]?.auth ?? assert.fail(), 'ann', WRONG));
      assert.deepEqual(statuses, { 400: 20, 429: 180 });
      assert.equal(checks(), 20);
    });
  });

  test('B5: the right password among them buys the wrong ones nothing', async () => {
    await withTwoNodes(FROM_ANYWHERE, async ({ nodes, checks }) => {
      await atOnce(200, (time) =>
        signIn(nodes[time % 2]?.auth ?? assert.fail(), 'ann', time % 20 === 0 ? PASSWORD : WRONG),
      );
      // Each right one that was heard gives its own try back, and none but its own.
      assert.ok(checks() <= 20, `${checks()} were held against the hash`);
    });
  });
});
