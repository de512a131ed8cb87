/**
 * People who are records of a file. Where each stands is kept in memory, some 130 bytes for each of them, and nothing else of the file.
 */
import type { SourceName } from '../../model/import.ts';
import type { SourceNote } from '../import-report.ts';
import type { ProviderNames } from '../providers.ts';
import type { RecordFile } from '../sources/record-file.ts';
import type { Row } from '../sources/rows.ts';
import { PAGE } from '../sources/rows.ts';
import { textIn } from '../values.ts';
import type { Person } from './person.ts';
import type { PeopleSource } from './read-batches.ts';

export type FileSource = {
  readonly name: SourceName;
  readonly providers: ProviderNames;
  readonly file: RecordFile;
  /** What a record calls the id. */
  readonly id: string;
  readonly personOf: (row: Row) => Person;
  /** Called for what cannot be read, by its line. */
  readonly note: (note: SourceNote, who: string) => void;
};

/** Reads the file from end to end: one that is broken as a whole is refused before anything is done. @throws UnusableSource */
export async function fileSource({ name, providers, file, id, personOf, note }: FileSource): Promise<PeopleSource> {
  const positions = new Map<string, number>();
  const [starts, ends]: [number[], number[]] = [[], []];
  for await (const { place, row } of file.scan()) {
    const known = row === null ? '' : textIn(row, id);
    if (row === null) note('record_malformed', `line ${place.line}`);
    else if (known === '') note('record_malformed', `line ${place.line} (no ${id})`);
    else if (positions.has(known)) note('id_twice', `${known} (line ${place.line})`);
    else {
      // What is wrong with all of them is told before the first one is taken over.
      personOf(row);
      positions.set(copyOf(known), starts.length);
      starts.push(place.start);
      ends.push(place.end);
    }
  }
  return {
    name,
    providers,
    count: async () => positions.size,
    async *ids() {
      let page: string[] = [];
      for (const known of positions.keys()) {
        page.push(known);
        if (page.length < PAGE) continue;
        yield page;
        page = [];
      }
      if (page.length > 0) yield page;
    },
    async people(ids) {
      const found = new Map<string, Person | null>();
      for (const known of ids) {
        const position = positions.get(known);
        if (position === undefined) continue;
        const row = await file.read({ start: starts[position] ?? 0, end: ends[position] ?? 0 });
        // Another record stands there where the file was written anew meanwhile.
        found.set(known, row !== null && textIn(row, id) === known ? personOf(row) : null);
      }
      return found;
    },
  };
}

/** A text of its own: a part of a longer one keeps all of that in memory. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
