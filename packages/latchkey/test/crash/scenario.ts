/**
 * One act on a database that was made ready for it, in a process that may be killed at any place of it. What was answered is
 * written to a file before anything else happens, as a client would have seen it.
 */
import { writeFileSync } from 'node:fs';
import { openTest } from '../../src/testing/instance.ts';
import { begin, count } from './crash-points.ts';
import type { Told } from './killing.ts';

const [, , act = '', options = '{}', answered = '', argument = ''] = process.argv;
// Nobody takes mails here: whether one is sent before the kill must not depend on who is quicker.
const sendMail = async (): Promise<void> => {
  throw new Error('nobody takes mails');
};
const log = { info() {}, warn() {}, error() {} };
const { auth } = await openTest({ ...(JSON.parse(options) as Told), sendMail, log });

async function post(path: string, body: unknown): Promise<string> {
  const request = new Request(`http://127.0.0.1:8787/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const response = await auth.handler(request);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return await response.text();
}

const acts: Readonly<Record<string, () => Promise<string>>> = {
  'sign-in': () => post('login/', { username: 'ann', password: 'correct horse 9!' }),
  reset: () => post('password/reset/confirm/', JSON.parse(argument)),
  /** Any other: a path, and what is sent there. */
  async post() {
    const { path, body } = JSON.parse(argument) as { readonly path: string; readonly body: unknown };
    return await post(path, body);
  },
  suspension: async () => String((await auth.accounts.suspend(1))?.state),
};

begin();
const answer = await acts[act]?.();
writeFileSync(answered, answer ?? '');
process.stdout.write(String(count()));
process.exit(0);
