/** Of many things on a line, the one of the smallest value beyond a point: sorted once, then found in logarithmic time. */

export type Placed<Item> = {
  readonly at: number;
  readonly value: number;
  /** Whoever asks for this is not shown it; null is shown to everybody. */
  readonly hiddenFrom: string | number | null;
  readonly item: Item;
};

export type Beyond<Item> = (point: number, asker: string | number) => Placed<Item> | null;

/** The least and the least of those that are hidden from somebody else: enough for any asker. */
type Best<Item> = { readonly first: Placed<Item>; readonly second: Placed<Item> | null };

export function beyond<Item>(items: readonly Placed<Item>[]): Beyond<Item> {
  const sorted = items.toSorted(byPlace);
  const best: Best<Item>[] = [];
  for (const [index, item] of [...sorted.entries()].reverse()) best[index] = better(best[index + 1], item);
  return (point, asker) => {
    const found = best[firstAbove(sorted, point)];
    if (found === undefined) return null;
    const isHidden = found.first.hiddenFrom !== null && found.first.hiddenFrom === asker;
    return isHidden ? found.second : found.first;
  };
}

function better<Item>(known: Best<Item> | undefined, item: Placed<Item>): Best<Item> {
  if (known === undefined) return { first: item, second: null };
  const { first, second } = known;
  if (item.value < first.value) return { first: item, second: isSame(item, first) ? second : first };
  if (isSame(item, first) || (second !== null && second.value <= item.value)) return known;
  return { first, second: item };
}

/** A difference of two infinities is no number. */
function byPlace(a: Placed<unknown>, b: Placed<unknown>): number {
  return Number(a.at > b.at) - Number(a.at < b.at);
}

function isSame(a: Placed<unknown>, b: Placed<unknown>): boolean {
  return a.hiddenFrom === b.hiddenFrom;
}

function firstAbove(sorted: readonly Placed<unknown>[], point: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.at ?? 0) > point) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many of the sorted numbers are below one. */
export function countBelow(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
