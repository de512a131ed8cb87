/** What may be used once, used everywhere at once. */
import assert from 'node:assert/strict';
import { PASSWORD } from '../attempts/asking.ts';
import type { Answer } from '../serving.ts';
import { type Fleet, until } from './fleet.ts';
import {
  askAt,
  halfIn,
  keyIn,
  liveAmong,
  logIn,
  many,
  NEW_PASSWORD,
  newAccount,
  newApp,
  newName,
  type Race,
  racesOf,
} from './racing.ts';

const AT_ONCE = 20;

/** Of so many answers one is good, and the others say that it is not; its turn. */
function oneOf(answers: readonly Answer[], good: number, refused: number): number {
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === good).length, 1, statuses.join());
  assert.equal(statuses.filter((status) => status === refused).length, answers.length - 1, statuses.join());
  return statuses.indexOf(good);
}

/** Signs somebody up who has an address: the key, and the name. */
async function withAddress(fleet: Fleet): Promise<{ readonly username: string; readonly email: string }> {
  const username = newName();
  const email = `${username}@example.com`;
  const body = { username, email, password1: PASSWORD, password2: PASSWORD };
  assert.equal((await askAt(fleet, 0, 'registration/', { body })).status, 201);
  return { username, email };
}

/** What a mail to an address says, of those that are kept, by the pattern's first group. */
async function mailed(fleet: Fleet, email: string, pattern: RegExp): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await until(`a mail to ${email} says ${pattern}`, async () => {
    const kept = await (await fetch(`${fleet.nodes[0]?.url}/dev/mail`)).text();
    const theirs = kept.split('<article').filter((mail) => mail.includes(email));
    found = theirs.map((mail) => pattern.exec(mail)?.slice(1) ?? []).find(({ length }) => length > 0) ?? [];
    return found.length > 0;
  });
  return found;
}

/** Verifies the address of an account by the link that was mailed to it. */
async function verified(fleet: Fleet, email: string, use: (key: string) => Promise<readonly Answer[]>): Promise<void> {
  const [key = ''] = await mailed(fleet, email, /account-confirm-email\/(\w+)\//);
  oneOf(await use(key), 200, 404);
}

const verify = (fleet: Fleet, turn: number, key: string): Promise<Answer> =>
  askAt(fleet, turn, 'registration/verify-email/', { body: { key } });

const cases: Record<string, (fleet: Fleet) => Promise<void>> = {
  async 'L21: of fifty sign-ups at once with one name in all its forms one is made'(fleet) {
    const name = `${newName()}é`;
    const forms = [
      name,
      name.normalize('NFD'),
      name.toUpperCase(),
      name.toUpperCase().normalize('NFD'),
      `R${name.slice(1)}`,
    ];
    assert.equal(new Set(forms).size, forms.length);
    const answers = await many(50, (turn) => {
      const body = { username: forms[turn % forms.length], password1: PASSWORD, password2: PASSWORD };
      return askAt(fleet, turn, 'registration/', { body });
    });
    const key = keyIn(answers[oneOf(answers, 201, 400)] ?? assert.fail());
    assert.deepEqual(await liveAmong(fleet, [key]), [key]);
    for (const [turn, form] of forms.entries()) assert.equal((await logIn(fleet, turn, form)).status, 200, form);
  },

  async 'L22: of twenty uses of a reset link at once one counts'(fleet) {
    const { username, email } = await withAddress(fleet);
    await askAt(fleet, 1, 'password/reset/', { body: { email } });
    const [uid, token] = await mailed(fleet, email, /\/password\/reset\/confirm\/(\w+)\/(\w{43})\//);
    const answers = await many(AT_ONCE, (turn) => {
      const password = `${turn}-${NEW_PASSWORD}`;
      const body = { uid, token, new_password1: password, new_password2: password };
      return askAt(fleet, turn, 'password/reset/confirm/', { body });
    });
    const turn = oneOf(answers, 200, 400);
    assert.equal((await logIn(fleet, turn + 1, username, `${turn}-${NEW_PASSWORD}`)).status, 200);
  },

  async 'L22: of twenty uses of a link that verifies an address at once one counts'(fleet) {
    const { email } = await withAddress(fleet);
    await verified(fleet, email, (key) => many(AT_ONCE, (turn) => verify(fleet, turn, key)));
  },

  async 'L22: of twenty sign-ins at once by one mailed link and its code one counts'(fleet) {
    const { email } = await withAddress(fleet);
    await verified(fleet, email, async (key) => [await verify(fleet, 1, key)]);
    const { body } = await askAt(fleet, 2, 'magic-link/', { body: { email } });
    const { ticket } = body;
    const [token = ''] = await mailed(fleet, email, /\/login\/mail\/(\w+)\//);
    const [code = ''] = await mailed(fleet, email, /\b([A-Z2-9]{4}-[A-Z2-9]{4})\b/);
    const answers = await many(AT_ONCE, (turn) =>
      askAt(fleet, turn, 'magic-link/confirm/', { body: turn % 2 === 0 ? { ticket, code } : { ticket, token } }),
    );
    const key = keyIn(answers[oneOf(answers, 200, 400)] ?? assert.fail());
    assert.deepEqual(await liveAmong(fleet, [key]), [key]);
  },

  async 'L22: of twenty sign-ins at once with one ticket of the second step one counts, by whatever code'(fleet) {
    const username = await newAccount(fleet);
    const { recoveryCodes } = await newApp(fleet, await fleet.signIn(username));
    const ticket = await halfIn(fleet, 1, username);
    const codes = recoveryCodes.slice(0, 5);
    const answers = await many(AT_ONCE, (turn) =>
      askAt(fleet, turn, 'login/second-step/', { body: { ticket, code: codes[turn % codes.length] } }),
    );
    oneOf(answers, 200, 400);
    const { body } = await askAt(fleet, 0, 'mfa/recovery-codes/', {
      key: keyIn(answers.find(({ status }) => status === 200) ?? assert.fail()),
    });
    assert.equal(body['left'], recoveryCodes.length - 1, JSON.stringify(body));
  },

  async 'L22, H1: of twenty sign-ins at once with one code of an app, each with its own ticket, one counts'(fleet) {
    const username = await newAccount(fleet);
    const { nextCode: code } = await newApp(fleet, await fleet.signIn(username));
    const tickets = await many(AT_ONCE, (turn) => halfIn(fleet, turn, username));
    const answers = await many(AT_ONCE, (turn) =>
      askAt(fleet, turn, 'login/second-step/', { body: { ticket: tickets[turn], code } }),
    );
    oneOf(answers, 200, 400);
  },

  async 'L22: of twenty sign-ins at once with one recovery code, each with its own ticket, one counts'(fleet) {
    const username = await newAccount(fleet);
    const { recoveryCodes } = await newApp(fleet, await fleet.signIn(username));
    const tickets = await many(AT_ONCE, (turn) => halfIn(fleet, turn, username));
    const answers = await many(AT_ONCE, (turn) =>
      askAt(fleet, turn, 'login/second-step/', { body: { ticket: tickets[turn], code: recoveryCodes[3] } }),
    );
    oneOf(answers, 200, 400);
  },
};

export const spends: readonly Race[] = racesOf(cases);

/** Its own, where an invitation is made apart from the nodes. */
export async function spendsInvitation(fleet: Fleet, invitation: string): Promise<void> {
  const answers = await many(AT_ONCE, (turn) => {
    const body = { username: newName(), password1: PASSWORD, password2: PASSWORD, invitation };
    return askAt(fleet, turn, 'registration/', { body });
  });
  oneOf(answers, 201, 400);
}
