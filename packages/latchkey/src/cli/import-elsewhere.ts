import type { Opened } from '../latchkey.ts';
import type { PeopleSource } from '../moving/elsewhere/read-batches.ts';
import { readBatches } from '../moving/elsewhere/read-batches.ts';
import type { TableMapping } from '../moving/elsewhere/table-source.ts';
import { importBatch } from '../moving/import-accounts.ts';
import { ImportReport, textOf } from '../moving/import-report.ts';
import { refuseUnknownIssuers } from '../moving/providers.ts';
import { openRows } from '../moving/sources/open.ts';
import { openRecordFile } from '../moving/sources/record-file.ts';
import { UnusableSource } from '../moving/sources/rows.ts';
import { systemClock } from '../stores/clock.ts';
import { jsonFrom, refuseOtherRule, textFrom } from './importing.ts';
import { opened } from './opened.ts';
import { tellingProgress } from './progress.ts';

/** Systems whose accounts have no numbers; the first three are databases, the others files. */
export type Elsewhere = 'better-auth' | 'authjs' | 'supabase' | 'firebase' | 'clerk';

export type ElsewhereOptions = {
  readonly from: string;
  readonly mapping?: string;
  readonly hashParameters?: string;
  readonly closeMissing: boolean;
  readonly dryRun: boolean;
  readonly after: number;
};

/** A source that is open, and what closes it. */
type Reached = { readonly source: PeopleSource; readonly close: () => Promise<void> };

type Reach = (options: ElsewhereOptions, note: ImportReport['note']) => Promise<Reached>;

/**
 * Brings everybody along from another system, which is never written to. Run again, it brings what has changed there since; killed at
 * whatever point, the next run finds done what was done.
 */
export async function importFromElsewhere(
  name: Elsewhere,
  config: string | undefined,
  options: ElsewhereOptions,
): Promise<void> {
  const report = new ImportReport();
  const { source, close } = await reach[name](options, (note, who) => report.note(note, who));
  try {
    await opened(config, async (open) => await importFrom(open, { source, report, options }));
  } finally {
    await close();
  }
}

const IN_DATABASES: ReadonlySet<Elsewhere> = new Set<Elsewhere>(['better-auth', 'authjs', 'supabase']);

const reach: Readonly<Record<Elsewhere, Reach>> = {
  async 'better-auth'({ from, mapping }) {
    const { betterAuthSource } = await import('../moving/elsewhere/better-auth.ts');
    const { openTextWith } = await import('../moving/elsewhere/better-auth-secrets.ts');
    const openText = openTextWith(process.env['BETTER_AUTH_SECRET']);
    const tables = await tablesFrom(mapping);
    return await inDatabase(from, (rows) => betterAuthSource(rows, { mapping: tables, openText, now: systemClock() }));
  },
  async authjs({ from, mapping }) {
    const { authjsSource } = await import('../moving/elsewhere/authjs.ts');
    const tables = await tablesFrom(mapping);
    return await inDatabase(from, (rows) => authjsSource(rows, tables));
  },
  async supabase({ from }) {
    const { supabaseSource } = await import('../moving/elsewhere/supabase.ts');
    return await inDatabase(from, (rows) => supabaseSource(rows, systemClock()));
  },
  async firebase({ from, hashParameters: path }, note) {
    const { firebaseParameters, firebaseSource } = await import('../moving/elsewhere/firebase.ts');
    if (!from.toLowerCase().endsWith('.json')) {
      throw new UnusableSource('Firebase’s people come from JSON: firebase auth:export users.json --format=json.');
    }
    const parameters = path === undefined ? null : firebaseParameters(await textFrom(path, 'file of hash parameters'));
    return await inFile(from, 'localId', (file) => firebaseSource({ file, parameters, note }));
  },
  async clerk({ from }, note) {
    const { clerkSource } = await import('../moving/elsewhere/clerk.ts');
    return await inFile(from, 'id', (file) => clerkSource({ file, note }));
  },
};

async function tablesFrom(path: string | undefined): Promise<TableMapping> {
  return path === undefined ? {} : ((await jsonFrom(path, 'mapping')) as TableMapping);
}

async function inDatabase(
  url: string,
  find: (rows: Awaited<ReturnType<typeof openRows>>) => Promise<PeopleSource>,
): Promise<Reached> {
  return await reached(await openRows(url, 'read'), find);
}

async function inFile(
  path: string,
  id: string,
  find: (file: Awaited<ReturnType<typeof openRecordFile>>) => Promise<PeopleSource>,
): Promise<Reached> {
  return await reached(await openRecordFile(path, { list: 'users', id }), find);
}

async function reached<Held extends { close(): Promise<void> }>(
  held: Held,
  find: (held: Held) => Promise<PeopleSource>,
): Promise<Reached> {
  try {
    return { source: await find(held), close: () => held.close() };
  } catch (error) {
    await held.close();
    throw error;
  }
}

type From = { readonly source: PeopleSource; readonly report: ImportReport; readonly options: ElsewhereOptions };

async function importFrom(
  { assembled: { parts } }: Opened,
  { source, report, options: { dryRun: isLook, after, closeMissing } }: From,
): Promise<void> {
  const { settings, keys, store } = parts;
  refuseUnknownIssuers(settings, source.providers);
  const all = await source.count();
  const isWhole = closeMissing || IN_DATABASES.has(source.name as Elsewhere);
  if (isWhole) refuseMassClosing(all, await store.imports.count(source.name), { source, isMeant: closeMissing });
  await refuseOtherRule(parts);
  const note: ImportReport['note'] = (what, who) => report.note(what, who);
  const reading = { imports: store.imports, source, settings, keys, note, isWhole, isLook };
  const tell = tellingProgress(all);
  let done = 0;
  for await (const batch of readBatches(reading, after)) {
    await importBatch({ parts, report, isLook }, batch);
    done += batch.accounts.length;
    tell(done, batch.upTo);
  }
  process.stdout.write(textOf(report, { isLook, bringsSessions: false }));
}

/** Of half of all people a mistake is likelier than that they have left. */
function refuseMassClosing(
  all: number,
  before: number,
  { source: { name }, isMeant }: { readonly source: PeopleSource; readonly isMeant: boolean },
): void {
  if (before === 0 || all >= before / 2 || (isMeant && all > 0)) return;
  throw new UnusableSource(
    all === 0
      ? `There is nobody there, and accounts came along from ${name}: nothing is done, or all of them would be closed.`
      : `There are ${all} people, and ${before} came along from ${name} before: nothing is done, or the others would be closed. Is it all of it, and may its user read every row? --close-missing closes them.`,
  );
}
