import type { Opened } from '../latchkey.ts';
import { importSessions } from '../moving/django/import-sessions.ts';
import { countUsers, type Reading, readBatches } from '../moving/django/read-accounts.ts';
import { findTables, type Mapping } from '../moving/django/tables.ts';
import { importBatch } from '../moving/import-accounts.ts';
import { ImportReport, textOf } from '../moving/import-report.ts';
import { refuseUnknownIssuers } from '../moving/providers.ts';
import { openRows } from '../moving/sources/open.ts';
import { type Rows, UnusableSource } from '../moving/sources/rows.ts';
import { systemClock } from '../stores/clock.ts';
import { jsonFrom, refuseOtherRule } from './importing.ts';
import { opened } from './opened.ts';
import { tellingProgress } from './progress.ts';

export type ImportOptions = {
  readonly from: string;
  readonly mapping?: string;
  readonly dryRun: boolean;
  readonly after: number;
};

/**
 * Brings everybody along from a Django database, which is never written to. Run again, it brings what has changed there since;
 * killed at whatever point, the next run finds done what was done.
 */
export async function importFromDjango(config: string | undefined, options: ImportOptions): Promise<void> {
  const mapping = await mappingFrom(options.mapping);
  const rows = await openRows(options.from, 'read');
  try {
    await opened(config, async (open) => await importFrom(open, { rows, mapping, options }));
  } finally {
    await rows.close();
  }
}

type From = { readonly rows: Rows; readonly mapping: Mapping; readonly options: ImportOptions };

async function importFrom(
  { assembled: { parts } }: Opened,
  { rows, mapping, options: { dryRun: isLook, after } }: From,
): Promise<void> {
  const report = new ImportReport();
  const { settings, keys } = parts;
  const tables = await findTables(rows, mapping);
  refuseUnknownIssuers(settings, tables.providers);
  const reading: Reading = { rows, tables, settings, keys, note: (note, who) => report.note(note, who) };
  const all = await countUsers(reading);
  if (all === 0 && (await parts.store.imports.count('django')) > 0) {
    throw new UnusableSource(
      `There is nobody in ${tables.users}, and accounts came along from there: nothing is done, or all of them would be closed.`,
    );
  }
  await refuseOtherRule(parts);
  const importing = { parts, report, isLook };
  const tell = tellingProgress(all);
  let done = 0;
  for await (const batch of readBatches(reading, after)) {
    await importBatch(importing, batch);
    done += batch.accounts.length;
    tell(done, batch.upTo);
  }
  await importSessions(importing, reading, systemClock());
  process.stdout.write(textOf(report, { isLook, bringsSessions: true }));
}

/** What the mapping file says; nothing where there is none. */
export async function mappingFrom(path: string | undefined): Promise<Mapping> {
  return path === undefined ? {} : ((await jsonFrom(path, 'mapping')) as Mapping);
}
