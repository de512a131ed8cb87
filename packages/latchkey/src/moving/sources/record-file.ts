/** A file of records, JSON or CSV, which is read once from end to end, and then record by record. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { csvFields, csvScanner, jsonScanner, type Place } from './record-scanner.ts';
import { type Row, UnusableSource } from './rows.ts';

/** No record of a person is longer. */
const LONGEST_RECORD_BYTES = 4 * 1024 * 1024;

export type FileRecord = {
  readonly place: Place;
  /** null for what is no record. */
  readonly row: Row | null;
};

export type RecordFile = {
  /** Every record, in the order of the file. @throws UnusableSource where the file is broken as a whole */
  scan(): AsyncGenerator<FileRecord>;
  read(place: Pick<Place, 'start' | 'end'>): Promise<Row | null>;
  close(): Promise<void>;
};

/** `id` is a column that a CSV file must have. `list` is the key that a JSON file has its records under, where it is no list itself. @throws UnusableSource */
export async function openRecordFile(
  path: string,
  { list, id }: { readonly list: string; readonly id: string },
): Promise<RecordFile> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (error) {
    throw new UnusableSource(`The file ${path} cannot be opened: ${error instanceof Error ? error.message : error}.`);
  }
  const isCsv = path.toLowerCase().endsWith('.csv');
  let header: readonly string[] | null = null;
  const parse = (text: string): Row | null => (isCsv ? rowOfCsv(text, header ?? []) : rowOfJson(text));
  const headerOf = (text: string): readonly string[] => {
    const names = csvFields(text.replace(/^\uFEFF/, '')) ?? [];
    if (names.includes(id)) return names;
    throw new UnusableSource(`The file ${path} has no column ${id}: its first line names them, with commas.`);
  };
  const textAt = async ({ start, end }: Pick<Place, 'start' | 'end'>): Promise<string> => {
    const bytes = Buffer.alloc(end - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead).toString('utf8');
  };
  return {
    async *scan() {
      for await (const { place, text } of recordsOf(path, isCsv ? csvScanner() : jsonScanner(list))) {
        if (isCsv && header === null) header = headerOf(text);
        else yield { place, row: parse(text) };
      }
    },
    read: async (place) => parse(await textAt(place)),
    close: () => handle.close(),
  };
}

type Found = { readonly place: Place; readonly text: string };

async function* recordsOf(path: string, scanner: ReturnType<typeof csvScanner>): AsyncGenerator<Found> {
  /** What was read and is not part of a record that has ended, and where it begins. */
  let [held, heldFrom] = [Buffer.alloc(0), 0];
  const textOf = ({ start, end }: Place): string => held.subarray(start - heldFrom, end - heldFrom).toString('utf8');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    held = Buffer.concat([held, chunk]);
    const places = scanner.push(chunk);
    for (const place of places) yield { place, text: textOf(place) };
    const done = places.at(-1)?.end ?? heldFrom;
    held = held.subarray(done - heldFrom);
    heldFrom = done;
    if (held.length > LONGEST_RECORD_BYTES) {
      throw new UnusableSource(
        `The file ${path} has a record of more than 4 MiB, at byte ${heldFrom}: it is no export of people.`,
      );
    }
  }
  const { last, flaw } = scanner.end();
  if (flaw !== null) throw new UnusableSource(`The file ${path} cannot be used. ${flaw}`);
  if (last !== null) yield { place: last, text: textOf(last) };
}

function rowOfJson(text: string): Row | null {
  try {
    return JSON.parse(text) as Row;
  } catch {
    return null;
  }
}

function rowOfCsv(text: string, header: readonly string[]): Row | null {
  const fields = csvFields(text);
  if (fields === null || fields.length !== header.length) return null;
  return Object.fromEntries(header.map((name, at) => [name, fields[at] ?? '']));
}
