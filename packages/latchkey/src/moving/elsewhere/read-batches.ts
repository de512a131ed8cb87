/**
 * Batches of a source whose people have no numbers. First everybody is allotted one; then they are read in the order of numbers. So a
 * run that is killed leaves nothing behind but numbers, which the next one finds.
 */
import type { AccountId } from '../../model/account.ts';
import type { SourceName } from '../../model/import.ts';
import type { Allotted, ImportStore } from '../../stores/store.ts';
import type { SourceBatch } from '../import-accounts.ts';
import type { ProviderNames } from '../providers.ts';
import { PAGE } from '../sources/rows.ts';
import { accountOf, type Becoming, type Person } from './person.ts';

/** Where people come from: a database, or a file. */
export type PeopleSource = {
  readonly name: SourceName;
  readonly providers: ProviderNames;
  /** How many there are. */
  count(): Promise<number>;
  /** What everybody is known by, page by page, each once. */
  ids(): AsyncIterable<readonly string[]>;
  /** Those of them that are there; null for one whom nobody can read. */
  people(ids: readonly string[]): Promise<ReadonlyMap<string, Person | null>>;
};

export type Reading = Omit<Becoming, 'providers'> & {
  readonly imports: ImportStore;
  readonly source: PeopleSource;
  /** Whether who is not there any more is closed here. */
  readonly isWhole: boolean;
  readonly isLook: boolean;
};

export async function* readBatches(reading: Reading, start: AccountId): AsyncGenerator<SourceBatch> {
  const { imports, source, isLook } = reading;
  if (!isLook) {
    for await (const ids of source.ids()) await imports.allot({ source: source.name, ids, isLook });
  }
  for (let after = start; ; ) {
    const page = await imports.allotted({ source: source.name, after, limit: PAGE });
    const upTo = page.at(-1)?.id;
    if (upTo === undefined) break;
    yield await batchOf(reading, page, { after, upTo });
    after = upTo;
  }
  if (isLook) yield* lookAtNew(reading);
}

/** No account has a number beyond this. */
const BEYOND = 2 ** 52;

/** In a look nobody is allotted a number: who would be gets one for the look. */
async function* lookAtNew(reading: Reading): AsyncGenerator<SourceBatch> {
  const { imports, source } = reading;
  let after = BEYOND;
  for await (const ids of source.ids()) {
    const known = await imports.allot({ source: source.name, ids, isLook: true });
    const from = after;
    const page = ids.flatMap((sourceId, at): readonly Allotted[] =>
      known[at] === null ? [{ id: ++after, sourceId }] : [],
    );
    if (page.length > 0) yield await batchOf(reading, page, { after: from, upTo: after });
  }
}

async function batchOf(
  reading: Reading,
  page: readonly Allotted[],
  range: { readonly after: AccountId; readonly upTo: AccountId },
): Promise<SourceBatch> {
  const { source, isWhole } = reading;
  const people = await source.people(page.map(({ sourceId }) => sourceId));
  const names = new Map(page.map(({ id, sourceId }) => [id, id > BEYOND ? sourceId : `account ${id} (${sourceId})`]));
  const whoOf = (id: AccountId): string => names.get(id) ?? `account ${id}`;
  const becoming: Becoming = { ...reading, providers: source.providers };
  const unread: AccountId[] = [];
  const accounts = page.flatMap(({ id, sourceId }) => {
    const person = people.get(sourceId);
    if (person === undefined) return [];
    const account = person === null ? null : accountOf(becoming, person, { id, sourceId, who: whoOf(id) });
    if (account === null) unread.push(id);
    return account === null ? [] : [account];
  });
  return { source: source.name, ...range, accounts, unread, isWhole, keys: null, whoOf };
}
