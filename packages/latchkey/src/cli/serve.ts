import type { Assembled } from '../assemble.ts';
import { isForDevelopment } from '../model/development.ts';
import { isLoopbackHost } from '../model/network.ts';
import { InvalidSettings } from '../resolve-settings.ts';
import { type ServeOptions, type Serving, serve } from '../server/serve.ts';
import { optionsFrom } from './config-file.ts';
import { letHashThreadsStandBack } from './hash-threads.ts';

/** Serves until it is told to stop; a second telling does not wait. */
export async function serveUntilStopped(config: string | undefined, where: ServeOptions): Promise<void> {
  const environment = { ...process.env, PORT: String(where.port) };
  const serving = await serve(await optionsFrom(config), where, environment).catch(explainPort(where));
  await letHashThreadsStandBack();
  await greet(serving, where);
  const stop = (): void => {
    process.once('SIGINT', () => process.exit(1));
    process.once('SIGTERM', () => process.exit(1));
    serving.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function explainPort({ host, port }: ServeOptions): (error: unknown) => never {
  return (error) => {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!isTaken) throw error;
    throw new InvalidSettings([`${host}:${port} is in use already: stop what uses it, or set PORT to another one.`]);
  };
}

/** Says where to look and, in an empty database, what to try. */
async function greet({ port, assembled }: Serving, { host }: ServeOptions): Promise<void> {
  const { settings, store } = assembled.parts;
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const lines = [`Latchkey listens on ${at}${settings.basePath}/`];
  if (!settings.production) lines.push(...forDevelopment(assembled, `http://${nameHere(host)}:${port}`));
  const [first] = await store.accounts.page({ after: 0, limit: 1 });
  if (first === undefined && !settings.production && settings.wire.key)
    lines.push('', ...whatToTry(at + settings.basePath));
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** By what a browser on this machine reaches it. */
function nameHere(host: string): string {
  if (host === '::1') return '[::1]';
  return isLoopbackHost(host) ? host : '127.0.0.1';
}

function forDevelopment({ parts: { settings }, outbox }: Assembled, here: string): readonly string[] {
  if (!isForDevelopment(settings)) {
    const why = `LATCHKEY_ORIGIN is ${settings.origin}, and they are for the machine of its developer alone.`;
    const mails = outbox === null ? ['Mails are kept, and sent to nobody: set LATCHKEY_SMTP_URL.'] : [];
    return [`/dev/mail and /demo/ are not there: ${why}`, ...mails];
  }
  const mails = outbox === null ? [`Mails are kept, and shown to this machine at ${here}/dev/mail`] : [];
  return [...mails, `Two phones of one account, to watch: ${here}/demo/`];
}

function whatToTry(api: string): readonly string[] {
  const who = 'username=ann -d password=tr1cky-enough';
  return [
    'Nobody has an account yet. Make one, and sign in on a first and a second device:',
    '',
    `  curl ${api}/registration/ -d username=ann -d password1=tr1cky-enough -d password2=tr1cky-enough`,
    `  FIRST=$(curl -s ${api}/signin/ -d ${who} | sed 's/.*"key":"\\([^"]*\\).*/\\1/')`,
    `  curl ${api}/signin/ -d ${who}`,
    '',
    'The second sign-in turned the first key off, and its holder is told why:',
    '',
    `  curl ${api}/user/ -H "Authorization: Token $FIRST"`,
    '',
  ];
}
