/** Bytes that strangers send as CBOR (RFC 8949), before anything reads them. */

/** Deeper than anything that an authenticator says, and shallow enough for whoever walks it step by step. */
const MAX_DEPTH = 8;

const TAG = 6;

/** How many items follow for each of an argument, by major type: a list's, a map's two, and the one of a tag. */
const ITEMS: Readonly<Record<number, number>> = { 4: 1, 5: 2, [TAG]: 1 };

/** Are these one item, of which each part has its length, and nothing after it? */
export function isOneItem(bytes: Uint8Array): boolean {
  return endOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, MAX_DEPTH) === bytes.length;
}

/** Where the item at a place ends; infinitely far where it does not. */
function endOf(view: DataView, at: number, depth: number): number {
  if (at >= view.byteLength || depth === 0) return Number.POSITIVE_INFINITY;
  const head = view.getUint8(at);
  const [major, short] = [head >> 5, head & 31];
  const size = short < 24 ? 0 : 2 ** (short - 24);
  // Longer sizes stand for what has no length, or for nothing at all.
  if (size > 8 || at + 1 + size > view.byteLength) return Number.POSITIVE_INFINITY;
  const said = size === 0 ? short : argumentAt(view, at + 1, size);
  const end = at + 1 + size;
  if (major === 2 || major === 3) return end + said;
  return endAfter(view, end, { items: (ITEMS[major] ?? 0) * (major === TAG ? 1 : said), depth: depth - 1 });
}

function argumentAt(view: DataView, at: number, size: number): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at);
  return size === 4 ? view.getUint32(at) : Number(view.getBigUint64(at));
}

/** Each item takes a byte at least: what says it has more of them than there are bytes ends nowhere, soon. */
function endAfter(
  view: DataView,
  from: number,
  { items, depth }: { readonly items: number; readonly depth: number },
): number {
  let end = from;
  for (let left = items; left > 0 && end <= view.byteLength; left--) end = endOf(view, end, depth);
  return end;
}
