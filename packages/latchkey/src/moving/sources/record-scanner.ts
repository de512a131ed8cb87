/**
 * Finds the records of a file as its bytes go by, so that it need not fit into memory. All that matters is ASCII, which no other letter
 * of UTF-8 has a part of.
 */

/** Where a record stands, in bytes: `end` is the first one after it. */
export type Place = { readonly start: number; readonly end: number; readonly line: number };

export type RecordScanner = {
  /** The records that end within these bytes, which follow those before. */
  push(bytes: Uint8Array): readonly Place[];
  /** The last record, where the end of the file ends one; what is wrong with the file as a whole, or null. */
  end(): { readonly last: Place | null; readonly flaw: string | null };
};

const [QUOTE, BACKSLASH, NEWLINE, RETURN] = [0x22, 0x5c, 0x0a, 0x0d];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Nothing is as deep. */
const OVER = -1;

/** The objects of a JSON list: of the whole file, or under a key of the one object that the file is. */
export function jsonScanner(key: string): RecordScanner {
  const isKey = textMatcher(key);
  let [at, line, depth] = [0, 1, 0];
  let [isText, isEscaped] = [false, false];
  /** How deep the records are; null before their list, and `OVER` after it. */
  let records: number | null = null;
  let begun: { start: number; line: number } | null = null;

  const inText = (byte: number): void => {
    if (isEscaped) isEscaped = false;
    else if (byte === BACKSLASH) isEscaped = true;
    else if (byte === QUOTE) isText = false;
    else if (depth === 1) isKey.add(byte);
  };
  const openText = (): void => {
    isText = true;
    if (depth === 1) isKey.begin();
  };
  const openObject = (): void => {
    if (depth === records) begun = { start: at, line };
    depth++;
  };
  const openList = (): void => {
    depth++;
    if (records === null && (depth === 1 || (depth === 2 && isKey.matches()))) records = depth;
  };
  const close = (): Place | null => {
    depth--;
    if (records !== null && depth < records) records = OVER;
    if (begun === null || depth !== records) return null;
    const place = { ...begun, end: at + 1 };
    begun = null;
    return place;
  };
  const step = (byte: number): Place | null => {
    if (isText) inText(byte);
    else if (byte === QUOTE) openText();
    else if (byte === OPEN_OBJECT) openObject();
    else if (byte === OPEN_LIST) openList();
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) return close();
    return null;
  };
  return {
    push: (bytes) =>
      placesIn(bytes, (byte) => {
        const place = step(byte);
        at++;
        if (byte === NEWLINE) line++;
        return place;
      }),
    end() {
      const isBroken = depth !== 0 || isText;
      if (isBroken) return { last: null, flaw: `It ends in the middle, at line ${line}: export it again.` };
      return { last: null, flaw: records === null ? `It is no list, and has none called “${key}”.` : null };
    },
  };
}

/** Whether the text that was last seen is a certain one. */
function textMatcher(text: string) {
  const wanted = Buffer.from(text);
  let [length, isSame] = [0, false];
  return {
    begin(): void {
      [length, isSame] = [0, true];
    },
    add(byte: number): void {
      if (wanted[length++] !== byte) isSame = false;
    },
    matches: (): boolean => isSame && length === wanted.length,
  };
}

/** The records of a CSV file (RFC 4180), the first of which names the columns. A record may have line breaks within quotes. */
export function csvScanner(): RecordScanner {
  let [at, line, isQuoted] = [0, 1, false];
  let last = NEWLINE;
  let begun: { start: number; line: number } | null = null;
  const end = (): Place | null => {
    const place = begun === null ? null : { ...begun, end: last === RETURN ? at - 1 : at };
    begun = null;
    return place;
  };
  const step = (byte: number): Place | null => {
    if (!isQuoted && byte === NEWLINE) return end();
    if (begun === null && byte !== RETURN && byte !== NEWLINE) begun = { start: at, line };
    if (byte === QUOTE) isQuoted = !isQuoted;
    return null;
  };
  return {
    push: (bytes) =>
      placesIn(bytes, (byte) => {
        const place = step(byte);
        at++;
        last = byte;
        if (byte === NEWLINE) line++;
        return place;
      }),
    end() {
      const flaw = isQuoted
        ? `A quote is open at its end, from line ${begun?.line ?? line} on: export it again.`
        : null;
      return { last: isQuoted ? null : end(), flaw };
    },
  };
}

function placesIn(bytes: Uint8Array, step: (byte: number) => Place | null): readonly Place[] {
  const places: Place[] = [];
  for (const byte of bytes) {
    const place = step(byte);
    if (place !== null) places.push(place);
  }
  return places;
}

/** The fields of a CSV record; null where a quote stands where none may. */
export function csvFields(record: string): readonly string[] | null {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy;
  for (let isOver = false; !isOver; ) {
    const found = field.exec(record);
    if (found === null) return null;
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    isOver = found[3] === '';
  }
  return fields;
}
