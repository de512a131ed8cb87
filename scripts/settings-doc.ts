/** Makes `docs/settings.md` from the table of options. `--check` only says whether the page that is there is true. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { groups, top } from '../packages/latchkey/src/config.ts';

const source = new URL('../packages/latchkey/src/config.ts', import.meta.url);
const target = new URL('../docs/settings.md', import.meta.url);

type Group = Readonly<Record<string, { readonly env: string; readonly shown: string }>>;

/** What the comments say of each group and, below its name, of each option in it. */
type Comments = {
  readonly [group: string]: { readonly said: string; readonly options: Readonly<Record<string, string>> };
};

const HEAD = `# Settings

<!-- Made by \`npm run docs\` from packages/latchkey/src/config.ts: change that. -->

A setting is given by its environment variable, or in \`latchkey.config.ts\` (for \`latchkey serve\` and the other commands) or to \`latchkey()\` (in your app) by its name. What is given in code goes before the environment, and what is given nowhere has its default. All settings can be left out outside production.

\`\`\`ts
import type { LatchkeyOptions } from 'latchkey';

export default {
  origin: 'https://accounts.example',
  sessions: { limit: 2 },
} satisfies LatchkeyOptions;
\`\`\`

What is wrong is told when the server starts, all at once and each with its remedy; so are names that are no setting. \`latchkey doctor\` tells the same, and looks at the database and the mail server too. With \`NODE_ENV=production\` the server does not start without a secret, an https origin and a word about mail (\`LATCHKEY_SMTP_URL\`), nor with what is for development alone.

Three more variables are not Latchkey's own: \`PORT\` (8787), \`NODE_ENV\`, and \`LOG_LEVEL\` (\`info\`; \`trace\` to \`silent\`).
`;

/** The page, as it should be. */
export function settingsPage(): string {
  const comments = commentsIn(readFileSync(source, 'utf8'));
  const tables = Object.entries({ top, ...groups }).map(([name, group]) => section(name, group, comments));
  return `${HEAD}\n${tables.join('\n')}`;
}

function section(name: string, group: Group, comments: Comments): string {
  const { said, options } = comments[name] ?? { said: '', options: {} };
  const rows = Object.entries(group).map(([option, { env, shown }]) => {
    const comment = options[option];
    if (comment === undefined) throw new Error(`The option ${name}.${option} has no comment in config.ts.`);
    return `| \`${name === 'top' ? option : `${name}.${option}`}\` | \`${env}\` | ${cell(shown)} | ${escaped(comment)} |`;
  });
  const title = name === 'top' ? 'At the top' : name.charAt(0).toUpperCase() + name.slice(1);
  const lead = name === 'top' || said === '' ? [] : [said, ''];
  const head = ['| name | variable | default | what it is |', '| --- | --- | --- | --- |'];
  return [`## ${title}`, '', ...lead, ...head, ...rows, ''].join('\n');
}

/** A default that is a value stands as code, one that is described in words does not. */
function cell(shown: string): string {
  const isValue = shown !== 'none' && (!shown.includes(' ') || shown.split(', ').every((part) => /^\S+$/.test(part)));
  return isValue ? `\`${shown}\`` : escaped(shown);
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Reads the comment above each group and each option. */
function commentsIn(text: string): Comments {
  const found: Record<string, { said: string; options: Record<string, string> }> = {};
  let group = '';
  let said = '';
  for (const line of text.split('\n')) {
    const [, comment] = /^\s*\/\*\* (.*) \*\/$/.exec(line) ?? [];
    const [, opened] = /^(?:export )?const (\w+) = \{$/.exec(line) ?? [];
    const [, option] = /^ {2}(\w+): \w+\(/.exec(line) ?? [];
    if (opened !== undefined) {
      group = opened;
      found[group] = { said, options: {} };
    }
    if (option !== undefined && said !== '') Reflect.set(found[group]?.options ?? {}, option, said);
    said = comment ?? '';
  }
  return found;
}

if (import.meta.main) {
  const page = settingsPage();
  if (process.argv.includes('--check')) {
    const isTrue = existsSync(target) && readFileSync(target, 'utf8') === page;
    if (!isTrue) console.error('docs/settings.md is not what config.ts says: run `npm run docs`.');
    process.exitCode = isTrue ? 0 : 1;
  } else {
    writeFileSync(target, page);
  }
}
