import type { Opened } from '../latchkey.ts';
import { ExportReport, exportAccounts, noteMade } from '../moving/django/export-accounts.ts';
import { findTables, type Mapping } from '../moving/django/tables.ts';
import { openRows } from '../moving/sources/open.ts';
import type { Rows } from '../moving/sources/rows.ts';
import { mappingFrom } from './import-django.ts';
import { opened } from './opened.ts';
import { tellingProgress } from './progress.ts';

export type ExportOptions = { readonly to: string; readonly mapping?: string; readonly dryRun: boolean };

/** Writes everybody back into a Django database, in one transaction, which a dry run takes back. */
export async function exportToDjango(config: string | undefined, options: ExportOptions): Promise<void> {
  const mapping = await mappingFrom(options.mapping);
  const rows = await openRows(options.to, 'write');
  try {
    await opened(config, async (open) => await exportTo(open, { rows, mapping, options }));
  } finally {
    await rows.close();
  }
}

type To = { readonly rows: Rows; readonly mapping: Mapping; readonly options: ExportOptions };

async function exportTo({ assembled: { parts } }: Opened, { rows, mapping, options }: To): Promise<void> {
  const report = new ExportReport();
  const tables = await findTables(rows, mapping);
  const tell = tellingProgress(Math.max(1, await parts.store.imports.count('django')));
  const noted = await exportAccounts({ parts, rows, tables, report }, tell);
  if (!options.dryRun) {
    await rows.commit();
    await noteMade(parts, noted);
  }
  const { made, changed, same, inactive, keys } = report.counts;
  const head = options.dryRun ? 'Would have made' : 'Made';
  const lines = [
    `${head} ${made} users, changed ${changed}, kept ${inactive} out; ${same} are as they were. Ended ${keys} keys and browser sessions.`,
  ];
  for (const [note, ids] of report.notes) {
    lines.push(`  ${ids.length}: ${note}. Such as ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ' …' : ''}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
