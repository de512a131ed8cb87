/** A real Django project, beside the one that it moves to: Debian's Django 3.2 with REST framework and allauth. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';

const PYTHON = '/usr/bin/python3';
const SITE = new URL('./site.py', import.meta.url).pathname;
const NEEDED = ['django', 'rest_framework', 'allauth', 'argon2', 'bcrypt', 'psycopg2'];

/** Debian's packages of what is needed. */
export const PACKAGES = [
  'python3-django',
  'python3-djangorestframework',
  'python3-django-allauth',
  'python3-argon2',
  'python3-bcrypt',
  'python3-psycopg2',
];

let reason: string | null | undefined;

/** Why there can be no Django here, or null. */
export function available(): string | null {
  // What is missing may be installed meanwhile: only what is there is remembered.
  if (reason !== null) reason = lookFor();
  return reason;
}

function lookFor(): string | null {
  if (!existsSync(PYTHON)) return `no ${PYTHON} on this machine`;
  try {
    execFileSync(PYTHON, ['-c', NEEDED.map((name) => `import ${name}`).join('\n')], { stdio: 'ignore' });
    return null;
  } catch {
    return `${PYTHON} has no Django with REST framework and allauth: apt-get install ${PACKAGES.join(' ')}`;
  }
}

export const SECRET_KEY = 'django-insecure-4!w_é)k2#zz$of@tests&only+x';

export type Site = {
  /** The URL of its database, as `latchkey import django --from` takes it. */
  readonly from: string;
  /** Asks for several things in one process, which is slow to begin. */
  ask(...asked: readonly (readonly [name: string, argument: unknown])[]): Promise<readonly unknown[]>;
  /** Changes something, by Python, and answers with what that calls `answer`. */
  run(code: string): Promise<unknown>;
};

/** A project whose database has no tables yet: `ask(['migrate', null])` makes them. */
export function siteOn(from: string): Site {
  const ask = async (...asked: readonly (readonly [string, unknown])[]): Promise<readonly unknown[]> => {
    const env = { SITE_DATABASE: from.replace(/^sqlite:/, 'sqlite://'), SITE_SECRET_KEY: SECRET_KEY, PYTHONUTF8: '1' };
    const child = spawn(PYTHON, ['-W', 'ignore', SITE], { env });
    child.stdin.end(JSON.stringify(asked));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (child.exitCode === null) await once(child, 'exit');
    if (child.exitCode !== 0) throw new Error(`Django: ${stderr.slice(-2000)}`);
    return JSON.parse(stdout) as readonly unknown[];
  };
  return {
    from,
    ask,
    run: async (code) => (await ask(['run', { code }]))[0],
  };
}
