/**
 * People who are records of a file. Where each stands is kept in memory, some 200 bytes for each of them, and nothing else of the file.
 */
import type { SourceName } from '../../model/import.ts';
import type { SourceNote } from '../import-report.ts';
import type { ProviderNames } from '../providers.ts';
import type { RecordFile } from '../sources/record-file.ts';
import type { Place } from '../sources/record-scanner.ts';
import type { Row } from '../sources/rows.ts';
import { textIn } from '../values.ts';
import type { Person } from './person.ts';
import { PAGE, type PeopleSource } from './read-batches.ts';

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
  const places = new Map<string, Place>();
  for await (const { place, row } of file.scan()) {
    const known = row === null ? '' : textIn(row, id);
    if (row === null) note('record_malformed', `line ${place.line}`);
    else if (known === '') note('record_malformed', `line ${place.line} (no ${id})`);
    else if (places.has(known)) note('id_twice', `${known} (line ${place.line})`);
    else {
      // What is wrong with all of them is told before the first one is taken over.
      personOf(row);
      places.set(known, place);
    }
  }
  return {
    name,
    providers,
    count: async () => places.size,
    async *ids() {
      let page: string[] = [];
      for (const known of places.keys()) {
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
        const place = places.get(known);
        if (place === undefined) continue;
        const row = await file.read(place);
        // Another record stands there where the file was written anew meanwhile.
        found.set(known, row !== null && textIn(row, id) === known ? personOf(row) : null);
      }
      return found;
    },
  };
}
