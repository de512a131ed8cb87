import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Refusal } from '../model/reasons.ts';
import { UnusableSource } from '../moving/sources/rows.ts';
import { InvalidSettings } from '../resolve-settings.ts';
import { StoreUnavailable } from '../stores/store.ts';
import type { Elsewhere } from './import-elsewhere.ts';

/** Reads the command line and does what it says. Errors that an operator can mend are told in a line, with exit status 1. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

/** Each command brings its own modules along: a server has no use for those of an import. */
const account = () => import('./account.ts');

function program(): Command {
  const root = new Command('latchkey')
    .description('Signs people in, and keeps each account to the devices you allow.')
    .version(versionOf())
    .option('--config <file>', 'where the options are (default: latchkey.config.ts, where there is one)');

  root
    .command('serve')
    .description('serve the API and the pages')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .addOption(new Option('--port <number>', 'the port to listen on').env('PORT').default(8787).argParser(portOf))
    .action(
      async ({ host, port }) =>
        await (await import('./serve.ts')).serveUntilStopped(root.opts().config, { host, port }),
    );
  root
    .command('migrate')
    .description('bring the database up to date')
    .action(async () => await (await import('./maintenance.ts')).migrate(root.opts().config));
  root
    .command('purge')
    .description('remove what has been over for long enough')
    .action(async () => await (await import('./maintenance.ts')).purgeNow(root.opts().config));
  root
    .command('restored')
    .description('after a backup was restored, before a node is started: sign everybody out, and void every link')
    .option('--after <number>', 'take it up after this account, which an interrupted run told last', countOf, 0)
    .action(async (options) => await (await import('./restored.ts')).restored(root.opts().config, options));
  root
    .command('sharing')
    .description('list the accounts that are likely passed around, and why')
    .option('--days <number>', 'look at so many days', countFromOne, 30)
    .option('--top <number>', 'list at most so many accounts', countFromOne, 20)
    .option('--json', 'as JSON', false)
    .option('--if-limit <number>', 'say whom a limit of so many devices would cut', countFromOne)
    .action(async (options) => await (await import('./sharing.ts')).sharing(root.opts().config, options));
  root
    .command('doctor')
    .description('look for what is wrong, and say what to do about it')
    .action(async () => await (await import('./doctor.ts')).doctor(root.opts().config));
  root.addCommand(accountCommands(root));
  root.addCommand(importCommands(root));
  root.addCommand(exportCommands(root));
  return root;
}

function accountCommands(root: Command): Command {
  const commands = new Command('account').description('look after accounts');
  const config = (): string | undefined => root.opts().config;
  commands
    .command('create <username>')
    .description('make an account; its password is read from standard input where --password-stdin says so')
    .option('--email <address>', 'its e-mail address', '')
    .option('--verified', 'the address is known to be its owner’s', false)
    .option('--role <name...>', 'its roles', [])
    .option('--password-stdin', 'read the password from standard input', false)
    .action(async (username, options) => await (await account()).create(config(), { username, ...options }));
  commands
    .command('list')
    .description('list accounts')
    .option('--after <number>', 'those after this one', countOf, 0)
    .option('--limit <number>', 'at most so many', countOf, 100)
    .option('--json', 'as JSON', false)
    .action(async (options) => await (await account()).list(config(), options));
  commands
    .command('suspend <account>')
    .description('keep an account out, and end its sessions at once')
    .action(async (name) => await (await account()).suspend(config(), name));
  commands
    .command('reactivate <account>')
    .description('let a suspended account in again')
    .action(async (name) => await (await account()).reactivate(config(), name));
  commands
    .command('end-sessions <account>')
    .description('sign an account out everywhere')
    .action(async (name) => await (await account()).endAll(config(), name));
  commands
    .command('reset-second-step <account>')
    .description('remove the second step of somebody who has lost it')
    .action(async (name) => await (await account()).resetSecond(config(), name));
  return commands;
}

function importCommands(root: Command): Command {
  const commands = new Command('import').description('bring accounts along from elsewhere');
  commands
    .command('django')
    .description(
      'bring users, keys and browser sessions along from a Django database, which is only read; again, what has changed since',
    )
    .requiredOption('--from <url>', 'its database: sqlite: and a path, or postgres://user@host/database')
    .option('--mapping <file>', 'a JSON file that describes a user model of its own')
    .option('--dry-run', 'only say what would be done, and what would not come along', false)
    .option('--after <number>', 'take it up after this account, which an interrupted run told last', countOf, 0)
    .action(
      async (options) => await (await import('./import-django.ts')).importFromDjango(root.opts().config, options),
    );
  const elsewhere = (name: Elsewhere, what: string, from: string): Command =>
    commands
      .command(name)
      .description(`bring ${what} along, which is only read; again, what has changed since`)
      .requiredOption('--from <source>', from)
      .option('--close-missing', 'close who came along before and is not there any more, however many', false)
      .option('--dry-run', 'only say what would be done, and what would not come along', false)
      .option('--after <number>', 'take it up after this account, which an interrupted run told last', countOf, 0)
      .action(
        async (options) =>
          await (await import('./import-elsewhere.ts')).importFromElsewhere(name, root.opts().config, options),
      );
  const database = 'its database: sqlite: and a path, or postgres://user@host/database';
  const mapping = ['--mapping <file>', 'a JSON file that names tables and columns which are called otherwise'] as const;
  elsewhere('better-auth', 'users, passwords and accounts at providers from a better-auth database', database)
    .option(...mapping)
    .addHelpText('after', '\nThe environment’s BETTER_AUTH_SECRET opens the second steps that it sealed.');
  elsewhere('authjs', 'users and accounts at providers from a database of Auth.js', database).option(...mapping);
  elsewhere('supabase', 'users of Supabase Auth', 'the project’s database: postgres://user@host/database');
  elsewhere('firebase', 'people of Firebase', 'the file of: firebase auth:export users.json').option(
    '--hash-parameters <file>',
    'what the console shows as the project’s password hash parameters',
  );
  elsewhere('clerk', 'users of Clerk', 'the CSV file that its dashboard exports, or the same as JSON');
  return commands;
}

function exportCommands(root: Command): Command {
  const commands = new Command('export').description('write accounts back to where they came from');
  commands
    .command('django')
    .description('write what is other here into a Django database, in one transaction')
    .requiredOption('--to <url>', 'its database: sqlite: and a path, or postgres://user@host/database')
    .option('--mapping <file>', 'the JSON file that the import was given')
    .option('--dry-run', 'only say what would be done, and what cannot go back', false)
    .action(async (options) => await (await import('./export-django.ts')).exportToDjango(root.opts().config, options));
  return commands;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return port;
}

function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count))
    throw new InvalidArgumentError('It is a whole number, 0 or more.');
  return count;
}

function countFromOne(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError('It is a whole number, 1 or more.');
  }
  return count;
}

function versionOf(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function explain(error: unknown): string {
  if (error instanceof Refusal && error.fields !== null) {
    return Object.entries(error.fields)
      .map(([field, messages]) => `${field}: ${messages.join(' ')}`)
      .join('\n');
  }
  const isTold = [InvalidSettings, StoreUnavailable, UnusableSource].some((kind) => error instanceof kind);
  if (isTold && error instanceof Error) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
