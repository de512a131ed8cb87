import { text } from 'node:stream/consumers';
import type { Latchkey } from '../latchkey.ts';
import type { Account } from '../model/account.ts';
import { opened } from './opened.ts';

export type CreateOptions = {
  readonly username: string;
  readonly email: string;
  readonly verified: boolean;
  readonly role: readonly string[];
  readonly passwordStdin: boolean;
};

export async function create(config: string | undefined, options: CreateOptions): Promise<void> {
  // A password on the command line would stand in the list of processes and in the shell's history.
  const password = options.passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : null;
  await opened(config, async ({ auth }) => {
    const { username, email, verified: emailVerified, role: roles } = options;
    const account = await auth.accounts.create({ username, email, emailVerified, roles, password });
    process.stdout.write(`Account ${account.id} ${account.username} is made.\n`);
    if (password === null) process.stdout.write('It has no password: its owner sets one at /password/reset/.\n');
  });
}

export type ListOptions = { readonly after: number; readonly limit: number; readonly json: boolean };

export async function list(config: string | undefined, { after, limit, json }: ListOptions): Promise<void> {
  await opened(config, async ({ auth }) => {
    const accounts = await auth.accounts.list({ after, limit });
    process.stdout.write(json ? `${JSON.stringify(accounts, null, 2)}\n` : accounts.map(lineOf).join(''));
  });
}

function lineOf({ id, username, email, emailVerified, state, roles }: Account): string {
  const address = email === '' ? '-' : `${email}${emailVerified ? '' : ' (not verified)'}`;
  return `${id}\t${username}\t${address}\t${state}\t${roles.join(',') || '-'}\n`;
}

export async function suspend(config: string | undefined, name: string): Promise<void> {
  await forAccount(config, name, async (auth, { id, username }) => {
    await auth.accounts.suspend(id);
    return `${username} is suspended, and signed out everywhere.`;
  });
}

export async function reactivate(config: string | undefined, name: string): Promise<void> {
  await forAccount(config, name, async (auth, { id, username }) => {
    await auth.accounts.reactivate(id);
    return `${username} may sign in again.`;
  });
}

export async function endAll(config: string | undefined, name: string): Promise<void> {
  await forAccount(config, name, async (auth, { id, username }) => {
    const ended = await auth.sessions.endAll(id);
    return `${username}: ${ended ?? 0} sessions ended.`;
  });
}

export async function resetSecond(config: string | undefined, name: string): Promise<void> {
  await forAccount(config, name, async (auth, { id, username }) => {
    const removed = await auth.accounts.resetSecondStep(id);
    return removed === 0 ? `${username} has no second step.` : `${username}: ${removed} second steps removed.`;
  });
}

/** An account is named by its username, its address or its number. */
async function forAccount(
  config: string | undefined,
  name: string,
  work: (auth: Latchkey, account: Account) => Promise<string>,
): Promise<void> {
  await opened(config, async ({ auth }) => {
    const account = await findAccount(auth, name);
    if (account === null) {
      process.stderr.write(`There is no account “${name}”: \`latchkey account list\` shows them.\n`);
      process.exitCode = 1;
      return;
    }
    process.stdout.write(`${await work(auth, account)}\n`);
  });
}

async function findAccount(auth: Latchkey, name: string): Promise<Account | null> {
  const byName = await auth.accounts.findByUsername(name);
  if (byName !== null) return byName;
  const [byEmail, ...others] = await auth.accounts.findByEmail(name);
  if (byEmail !== undefined && others.length === 0) return byEmail;
  return /^\d+$/.test(name) ? await auth.accounts.find(Number(name)) : null;
}
