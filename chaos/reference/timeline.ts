/** What is to happen, by its time. */
export type Timeline = {
  at(time: number, run: (now: number) => void): void;
  /** Runs everything in the order of its time; returns the last one. */
  run(): number;
};

/** A binary heap of what is to happen. */
export function timeline(): Timeline {
  const heap: { readonly time: number; readonly run: (now: number) => void }[] = [];
  const timeAt = (index: number): number => heap[index]?.time ?? Number.POSITIVE_INFINITY;
  const swap = (a: number, b: number): void => {
    const [first, second] = [heap[a], heap[b]];
    if (first === undefined || second === undefined) return;
    heap[a] = second;
    heap[b] = first;
  };
  const sink = (): void => {
    for (let index = 0; ; ) {
      const left = index * 2 + 1;
      const child = timeAt(left + 1) < timeAt(left) ? left + 1 : left;
      if (timeAt(child) >= timeAt(index)) return;
      swap(child, index);
      index = child;
    }
  };
  return {
    at(time, run) {
      heap.push({ time, run });
      for (let index = heap.length - 1; index > 0; ) {
        const parent = (index - 1) >> 1;
        if (timeAt(parent) <= timeAt(index)) return;
        swap(parent, index);
        index = parent;
      }
    },
    run() {
      let now = 0;
      for (let first = heap[0]; first !== undefined; first = heap[0]) {
        swap(0, heap.length - 1);
        heap.pop();
        sink();
        now = first.time;
        first.run(now);
      }
      return now;
    },
  };
}
