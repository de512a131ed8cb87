/** What opens one thing opens no other: every kind of secret, offered everywhere that takes one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { CLIENT, type StandIn, standIn } from '../social/stand-in.ts';
import { keepsPlace, OFFERS } from './purposes/offers.ts';
import { KINDS, secretsOf } from './purposes/secrets.ts';
import { memberOf, PASSWORD, testServer } from './serving.ts';

const optionsWith = (provider: StandIn): LatchkeyOptions => ({
  accounts: { registration: 'invited', signInByMail: true },
  sessions: { limit: 'unlimited', roleLimits: { single: 1 }, whenFull: 'ask', stepUpToDisplace: true },
  secondStep: { demandedOf: ['admin'] },
  social: { providers: { acme: { issuer: provider.url, ...CLIENT } } },
});

for (const { name, takes, offer } of OFFERS) {
  test(`E6: ${name} takes ${takes.join(' and ') || 'none of them'}, and no secret of another kind`, async () => {
    await using provider = await standIn();
    await using server = await testServer(optionsWith(provider));
    const secrets = await secretsOf(server, provider);
    const wrong = KINDS.filter((kind) => !takes.includes(kind));
    for (const kind of wrong) assert.equal(await offer(server, secrets[kind], secrets), false, `${name} took: ${kind}`);
    // None of that used anything up: the right one still opens it.
    const [first, ...others] = takes;
    if (first !== undefined) assert.equal(await offer(server, secrets[first], secrets), true, `${name}: ${first}`);
    for (const kind of others) {
      await using another = await testServer(optionsWith(provider));
      const own = await secretsOf(another, provider);
      assert.equal(await offer(another, own[kind], own), true, `${name}: ${kind}`);
    }
  });
}

test('E6, F20: the ticket of a sign-in that waits to be let in is taken where it waits, and nothing else is', async () => {
  await using provider = await standIn();
  const options = optionsWith(provider);
  await using server = await testServer({ ...options, sessions: { ...options.sessions, whenFull: 'approve' } });
  const secrets = await secretsOf(server, provider);
  // Here Frank's sign-in, and Gina's, found no place, and nobody may choose: this is what they have got.
  const { choice: ticket, frank: key } = secrets;
  for (const { name, offer } of OFFERS) {
    assert.equal(await offer(server, ticket, secrets), false, `${name} took the ticket`);
  }
  const wait = (given: string) => server.post('/auth/login/approval/', { ticket: given });
  for (const kind of KINDS.filter((one) => one !== 'choice' && one !== 'stepTicket')) {
    assert.equal((await wait(secrets[kind])).status, 400, kind);
    assert.equal(
      (await server.post(`/auth/approvals/${encodeURIComponent(secrets[kind])}/approve/`, {}, { key })).status,
      404,
    );
  }
  const [asked] = (await server.ask('/auth/approvals/', { key })).body as readonly { readonly id: string }[];
  assert.equal((await wait(ticket)).status, 409);
  assert.equal((await server.post(`/auth/approvals/${asked?.id}/approve/`, {}, { key })).status, 204);
  assert.equal((await wait(ticket)).status, 200);
});

test('E6, F-27: another account’s device token is nobody’s device here', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  await server.register('alice');
  await server.register('bob');
  const { body } = await server.post('/auth/login/', { username: 'bob', password: PASSWORD });
  const headers = { 'latchkey-device': memberOf(body, 'device') };
  // Twice: had the first sign-in taken the name over, the second would find its place.
  await server.signIn('alice', headers);
  assert.equal(await keepsPlace(server, headers), false);
});

test('E6, G12: the right checksum under a secret of nobody’s is no token', async () => {
  await using server = await testServer();
  await server.register('alice');
  await using other = await testServer();
  const foreign = await other.register('alice');
  assert.equal(await other.isLive(foreign), true);
  assert.equal(await server.isLive(foreign), false);
});
