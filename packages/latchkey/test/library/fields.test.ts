/** `fields`: the host's own fields of registration and profile, checked by a schema of its choice. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Latchkey, Registration, StandardSchema } from 'latchkey';
import { type TestInstance, testLatchkey } from 'latchkey/testing';
import { z } from 'zod';
import { type Body, Device, OWN_ORIGIN, PASSWORD } from './device.ts';

const TOO_YOUNG = 'Only for grown-ups.';
const NO_CITY = 'Say where you live.';
const NOT_BOTH = 'Take either of the two.';

/** The least that speaks Standard Schema: an age of 18 or more, and a city; a gift and a discount do not go together. */
function handMade(answerWith: (result: unknown) => unknown): StandardSchema {
  const validate = (value: unknown) => {
    const { age, city, gift, discount } = value as Readonly<Record<string, unknown>>;
    const issues = [
      ...(typeof age === 'number' && age >= 18 ? [] : [{ message: TOO_YOUNG, path: ['age'] }]),
      ...(typeof city === 'string' ? [] : [{ message: NO_CITY, path: [{ key: 'city' }, 'name'] }]),
      ...(gift === true && discount === true ? [{ message: NOT_BOTH }] : []),
    ];
    if (issues.length > 0) return { issues };
    return { value: { age, city, ...(gift === true && { gift }), ...(discount === true && { discount }) } };
  };
  const answer = (value: unknown) => answerWith(validate(value)) as ReturnType<typeof validate>;
  return { '~standard': { version: 1, vendor: 'by hand', validate: answer } };
}

const shape = z
  .object({
    age: z.number(TOO_YOUNG).min(18, TOO_YOUNG),
    city: z.string(NO_CITY),
    gift: z.literal(true).optional(),
    discount: z.literal(true).optional(),
  })
  .refine(({ gift, discount }) => gift !== true || discount !== true, NOT_BOTH);

const schemas: Readonly<Record<string, StandardSchema>> = {
  'made by hand': handMade((result) => result),
  'made by hand that answers later': handMade(async (result) => await Promise.resolve(result)),
  'by zod': shape,
  'by zod that answers later': shape.refine(async () => await Promise.resolve(true)),
};

async function withFields(
  fields: StandardSchema,
  work: (device: Device, instance: TestInstance) => Promise<void>,
  more: Parameters<typeof testLatchkey>[0] = {},
): Promise<void> {
  const instance = await testLatchkey({ fields, ...more });
  try {
    await work(new Device(instance.auth), instance);
  } finally {
    await instance.close();
  }
}

const BOB = { username: 'bob', email: 'bob@example.com', password1: PASSWORD, password2: PASSWORD };

async function register(device: Device, more: Body = { age: 30, city: 'Graz' }) {
  return await device.ask('POST', '/auth/registration/', { ...BOB, ...more });
}

async function user(device: Device): Promise<Body> {
  return (await device.ask('GET', '/auth/user/')).body;
}

test('of many changes of different fields at once, none is lost', async () => {
  const fields = z.record(z.string(), z.number());
  await withFields(fields, async (device) => {
    await register(device, {});
    const names = Array.from({ length: 8 }, (_, index) => `field${index}`);
    const answers = await Promise.all(names.map((name) => device.ask('PATCH', '/auth/user/', { [name]: 1 })));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const kept = await user(device);
    assert.deepEqual(
      names.map((name) => kept[name]),
      names.map(() => 1),
    );
  });
});

const OWN = { pk: 1, username: 'bob', email: 'bob@example.com', first_name: '', last_name: '' };

for (const [name, fields] of Object.entries(schemas)) {
  describe(`a schema ${name}`, () => {
    test('has its say at registration: messages stand under their fields, and nobody is made', async () => {
      await withFields(fields, async (device, { auth }) => {
        const refused = await register(device, { age: 12 });
        assert.equal(refused.status, 400);
        assert.equal(refused.reason, 'invalid_input');
        assert.deepEqual(refused.body, { age: [TOO_YOUNG], city: [NO_CITY] });
        const both = await register(device, { age: 30, city: 'Graz', gift: true, discount: true });
        assert.deepEqual(both.body, { non_field_errors: [NOT_BOTH] });
        assert.deepEqual((await register(device, {})).body, { age: [TOO_YOUNG], city: [NO_CITY] });
        assert.deepEqual(await auth.accounts.list(), []);
      });
    });

    test('what it returns is kept, and shown after our own fields', async () => {
      await withFields(fields, async (device, { auth }) => {
        assert.equal((await register(device)).status, 201);
        assert.deepEqual(await user(device), { ...OWN, age: 30, city: 'Graz' });
        assert.deepEqual(Object.keys(await user(device)), [...Object.keys(OWN), 'age', 'city']);
        assert.deepEqual((await auth.accounts.find(1))?.profile, { age: 30, city: 'Graz' });
      });
    });

    for (const method of ['PUT', 'PATCH']) {
      test(`${method} changes what is named, checks it with what is there, and leaves the rest`, async () => {
        await withFields(fields, async (device) => {
          await register(device, { age: 30, city: 'Graz', gift: true });
          const names = { username: 'bob' };
          const moved = await device.ask(method, '/auth/user/', { ...names, city: 'Linz' });
          assert.deepEqual(moved.body, { ...OWN, age: 30, city: 'Linz', gift: true });
          const young = await device.ask(method, '/auth/user/', { ...names, first_name: 'Bob', age: 5 });
          assert.equal(young.status, 400);
          assert.deepEqual(young.body, { age: [TOO_YOUNG] });
          const both = await device.ask(method, '/auth/user/', { ...names, discount: true });
          assert.deepEqual(both.body, { non_field_errors: [NOT_BOTH] });
          assert.deepEqual(await user(device), { ...OWN, age: 30, city: 'Linz', gift: true });
        });
      });

      test(`${method} that names none of them asks for none of them`, async () => {
        await withFields(fields, async (device, { auth }) => {
          await auth.accounts.create({ username: 'ann', password: PASSWORD });
          await device.signIn();
          const named = await device.ask(method, '/auth/user/', { username: 'ann', first_name: 'Ann' });
          assert.equal(named.status, 200, named.text);
          assert.equal(named.body['first_name'], 'Ann');
        });
      });
    }

    test('unknown fields are not kept', async () => {
      await withFields(fields, async (device) => {
        await register(device, { age: 30, city: 'Graz', is_staff: true, roles: ['teacher'], csrfmiddlewaretoken: 'x' });
        const patched = await device.ask('PATCH', '/auth/user/', { is_superuser: true, state: 'closed' });
        assert.deepEqual(patched.body, { ...OWN, age: 30, city: 'Graz' });
      });
    });
  });
}

const OURS = { pk: 77, username: 'root', email: 'root@example.com', first_name: 'No', last_name: 'Body' };

test('is not asked before it is known that somebody may sign up: neither by the API nor by the page', async () => {
  let asked = 0;
  const counting = handMade((result) => {
    asked++;
    return result;
  });
  const send = async (device: Device, path: string) =>
    (await device.ask('POST', path, { ...BOB, username: 'b b' })).status;
  const closed = { accounts: { registration: 'closed' } } as const;
  await withFields(counting, async (device) => assert.equal(await send(device, '/auth/registration/'), 403), closed);
  assert.equal(asked, 0);

  const limited = { rateLimits: 'on', attempts: { registrationsPerNetwork: '1/hour' } } as const;
  const register = { ...BOB, age: 17 };
  const once = async (auth: Latchkey, path: string, body: URLSearchParams) =>
    (await auth.handler(new Request(OWN_ORIGIN + path, { method: 'POST', body }), { address: '192.0.2.1' })).status;
  for (const path of ['/auth/registration/', '/signup/']) {
    asked = 0;
    await withFields(
      counting,
      async (_, { auth }) => {
        const body = () => new URLSearchParams(Object.entries(register).map(([name, value]) => [name, String(value)]));
        for (let time = 0; time < 10; time++) assert.equal(await once(auth, path, body()), 400);
        for (let time = 0; time < 5; time++) assert.equal(await once(auth, path, body()), 429);
        assert.equal(asked, 10, path);
      },
      limited,
    );
  }
});

describe('our own fields', () => {
  /** Returns all that it is given, and claims our names beside it. */
  const greedy = (seen: unknown[]): StandardSchema => ({
    '~standard': {
      version: 1,
      vendor: 'by hand',
      validate: (value) => {
        seen.push(value);
        return { value: { ...(value as object), ...OURS } };
      },
    },
  });

  test('are never shown to a schema, and never replaced by what it returns', async () => {
    const seen: unknown[] = [];
    await withFields(greedy(seen), async (device, { auth }) => {
      await register(device, { age: 30, pk: 9, first_name: 'Bob', password: 'y' });
      assert.deepEqual(seen, [{ age: 30 }]);
      assert.deepEqual(await user(device), { ...OWN, age: 30 });
      const patched = await device.ask('PATCH', '/auth/user/', { pk: 9, email: 'new@example.com', age: 31 });
      assert.deepEqual(patched.body, { ...OWN, age: 31 });
      const account = await auth.accounts.find(1);
      assert.deepEqual([account?.id, account?.username, account?.email], [1, 'bob', 'bob@example.com']);
      assert.deepEqual(account?.roles, []);
    });
  });

  test('without a schema, other fields are ignored', async () => {
    const { auth, close } = await testLatchkey();
    const device = new Device(auth);
    await register(device);
    assert.deepEqual(await user(device), OWN);
    assert.deepEqual((await device.ask('PATCH', '/auth/user/', { age: 5 })).body, OWN);
    await close();
  });

  test('a schema sees forms, too: their fields are text', async () => {
    const seen: unknown[] = [];
    await withFields(greedy(seen), async (_, { auth }) => {
      const body = new URLSearchParams({ ...BOB, age: '30' });
      const answer = await auth.handler(
        new Request('http://127.0.0.1:8787/auth/registration/', { method: 'POST', body }),
      );
      assert.equal(answer.status, 201);
      assert.deepEqual(seen, [{ age: '30' }]);
    });
  });

  test('the hook before a registration is given what the schema returned', async () => {
    const asked: Registration[] = [];
    const hooks = { beforeRegistration: (registration: Registration) => void asked.push(registration) };
    const work = async (device: Device): Promise<void> => {
      await register(device, { age: 30, city: 'Graz', more: 'dropped' });
    };
    await withFields(shape, work, { hooks });
    assert.deepEqual(asked, [{ username: 'bob', email: 'bob@example.com', profile: { age: 30, city: 'Graz' } }]);
  });

  test('a schema that fails is a fault of the host: 500, and nothing is kept', async () => {
    const broken = handMade(() => assert.fail('the cities cannot be reached'));
    const messages: string[] = [];
    const log = { info() {}, warn() {}, error: (_: object, text: string) => void messages.push(text) };
    const work = async (device: Device, { auth }: TestInstance): Promise<void> => {
      assert.equal((await register(device)).status, 500);
      assert.deepEqual(await auth.accounts.list(), []);
    };
    await withFields(broken, work, { log });
    assert.deepEqual(messages, ['a request failed']);
  });
});
