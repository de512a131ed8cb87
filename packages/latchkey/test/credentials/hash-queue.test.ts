import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { hashQueue } from '../../src/credentials/hash-queue.ts';
import { hasherWith } from '../../src/credentials/hasher.ts';
import { Refusal } from '../../src/model/reasons.ts';
import { ask, keyOf, PASSWORD, signIn, withTest } from '../attempts/asking.ts';
import { hashesDuring, withHashingTime } from './computed.ts';

/** Jobs that end when they are told to, in the order in which they began. */
function jobs() {
  const begun: { end(): void }[] = [];
  return {
    begun,
    job: () => new Promise<void>((resolve) => begun.push({ end: () => resolve() })),
    async endNext(): Promise<void> {
      begun.shift()?.end();
      await turn();
    },
  };
}

async function refusalOf(promise: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal);
  return error;
}

describe('hashing has so many turns and so many places to wait', () => {
  test('P1: no more run at a time than may, the rest in their order, and what is too many is refused at once', async () => {
    const { begun, job, endNext } = jobs();
    const queue = hashQueue({ concurrency: 2, length: 3 });
    const order: number[] = [];
    const running = [0, 1, 2, 3, 4].map((number) => queue.run(job).then(() => order.push(number)));
    await turn();
    assert.equal(begun.length, 2);
    for (let time = 0; time < 3; time++) assert.equal((await refusalOf(queue.run(job))).code, 'busy');
    await endNext();
    assert.equal(begun.length, 2);
    const late = queue.run(job).then(() => order.push(5));
    await turn();
    assert.equal((await refusalOf(queue.run(job))).code, 'busy');
    for (let time = 0; time < 5; time++) await endNext();
    await Promise.all([...running, late]);
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  });

  test('P1: a job that fails gives its turn to the next', async () => {
    const queue = hashQueue({ concurrency: 1, length: 1 });
    const failing = queue.run(async () => {
      await turn();
      throw new Error('no');
    });
    const next = queue.run(async () => 'done');
    await assert.rejects(failing, /no/);
    assert.equal(await next, 'done');
    assert.equal(await queue.run(async () => 'again'), 'again');
  });

  test('B14, P1: Retry-After is what the queue needs to empty, by what jobs took lately', async () => {
    await withHashingTime({}, async (_, pass) => {
      const { begun, job } = jobs();
      const queue = hashQueue({ concurrency: 2, length: 64 });
      for (let time = 0; time < 200; time++) {
        await queue.run(async () => pass(500));
      }
      const waiting = Array.from({ length: 66 }, () => queue.run(job));
      await turn();
      // 64 that wait, half a second each, two at a time.
      assert.equal((await refusalOf(queue.run(job))).retryAfterSeconds, 16);
      while (begun.length > 0) {
        for (const { end } of begun.splice(0)) end();
        await turn();
      }
      await Promise.all(waiting);
    });
  });

  test('B14: Retry-After is a second at least', async () => {
    const { begun, job } = jobs();
    const queue = hashQueue({ concurrency: 1, length: 0 });
    const running = queue.run(job);
    assert.equal((await refusalOf(queue.run(job))).retryAfterSeconds, 1);
    begun[0]?.end();
    await running;
  });
});

describe('a storm of sign-ins', () => {
  test('P1: is bounded, and keys are checked in the middle of it', async () => {
    await withTest({ sessions: { limit: 'unlimited' } }, async ({ auth, assembled: { parts } }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
      // The decoy is made before the storm, and every password in it is wrong.
      const hasher = hasherWith({ scheme: 'argon2id', concurrency: 1, queue: 8 });
      await hasher.verify(null, ['x']);
      Object.assign(parts, { hasher });
      let answered = 0;
      const storm = Array.from({ length: 100 }, async (_, number) => {
        const answer = await signIn(auth, `name${number}`, 'x');
        answered++;
        return answer;
      });
      // 91 are refused before a single hash is done; then keys are checked while the rest wait.
      while (answered < 91) await turn();
      for (let time = 0; time < 20; time++) {
        const headers = { authorization: `Token ${key}` };
        assert.equal((await ask(auth, '/auth/session/', { method: 'GET', headers })).status, 200);
      }
      assert.ok(answered < 100, 'the checks waited for the storm to be over');
      const answers = await Promise.all(storm);
      const busy = answers.filter(({ status }) => status === 503);
      assert.equal(answers.filter(({ status }) => status === 400).length, 9);
      assert.equal(busy.length, 91);
      for (const { headers } of busy) {
        assert.equal(headers.get('latchkey-reason'), 'busy');
        assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      }
    });
  });

  test('J9, P1: passwords that are too long start no hash, however many come at once', async () => {
    await withTest({ passwords: { hash: 'argon2id' } }, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const long = 'x'.repeat(10_000);
      await signIn(auth, 'nobody', 'x');
      const work = await hashesDuring(async () => {
        const names = ['ann', 'nobody'];
        const answers = await Promise.all(
          names.flatMap((name) => Array.from({ length: 20 }, () => signIn(auth, name, long))),
        );
        for (const { status } of answers) assert.equal(status, 400);
        for (const path of ['/auth/registration/', '/auth/password/reset/confirm/']) {
          const json = { username: 'new', password1: long, password2: long, new_password1: long, new_password2: long };
          assert.equal((await ask(auth, path, { json })).status, 400);
        }
      });
      assert.deepEqual(work, {});
    });
  });
});
