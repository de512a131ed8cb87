/** Which devices of an account belong together: those that are seen on the same networks, as in one home, time and again. */
import { DAY_MINUTES, MEMORY_DAYS, MOST, type NetworkSeen, NONE, type SignIn } from './sign-in-trail.ts';

const EACH_ALONE = Int8Array.from({ length: MOST.devices }, (_, device) => device);

export class Households {
  /** Of each device, the lowest number among those that it belongs to. */
  readonly #of = EACH_ALONE.slice();
  /** Which other households each has met, as bits. */
  readonly #met = new Int32Array(MOST.devices);

  of(device: number): number {
    return this.#of[device] ?? NONE;
  }

  /** Whether a device of each was ever seen on one network. */
  haveMet(one: number, other: number): boolean {
    return ((this.#met[one] ?? 0) & (1 << other)) !== 0;
  }

  join(one: number, other: number): void {
    const [a, b] = [this.of(one), this.of(other)];
    if (a === b) return;
    const [low, high] = a < b ? [a, b] : [b, a];
    for (let device = 0; device < MOST.devices; device++) if (this.#of[device] === high) this.#of[device] = low;
  }

  meet(one: number, other: number): void {
    const [a, b] = [this.of(one), this.of(other)];
    this.#met[a] = (this.#met[a] ?? 0) | (1 << b);
    this.#met[b] = (this.#met[b] ?? 0) | (1 << a);
  }
}

/** By what is remembered of networks at `now` (minutes since 1970), and the sign-ins that are looked at. */
export function householdsOf(networks: readonly NetworkSeen[], signIns: readonly SignIn[], now: number): Households {
  const households = new Households();
  const days = daysOf(signIns);
  const together = new Map<number, number>();
  for (const network of networks) {
    const here = network.ones | network.twos | network.fours;
    if (network.seenAt < now - MEMORY_DAYS * DAY_MINUTES || (here & (here - 1)) === 0) continue;
    eachPair(here, (a, b) => {
      const pair = a * MOST.devices + b;
      const times = (together.get(pair) ?? 0) + Math.min(daysAt(network, a), daysAt(network, b));
      together.set(pair, times);
      if (times >= needed(days[a] ?? 0, days[b] ?? 0)) households.join(a, b);
    });
  }
  for (const pair of together.keys()) households.meet(Math.floor(pair / MOST.devices), pair % MOST.devices);
  return households;
}

/** The more two devices are used, the more days they have in common if they are of one household: a visit makes none. */
function needed(a: number, b: number): number {
  return Math.min(4, Math.max(2, Math.ceil(Math.min(a, b) / 4)));
}

/** On how many days each device signed in. */
function daysOf(signIns: readonly SignIn[]): Uint8Array {
  const days = new Uint8Array(MOST.devices);
  const latest = new Int32Array(MOST.devices);
  for (const { device, minute } of signIns) {
    const day = Math.floor(minute / DAY_MINUTES);
    if (device === NONE || latest[device] === day) continue;
    latest[device] = day;
    days[device] = (days[device] ?? 0) + 1;
  }
  return days;
}

function daysAt({ ones, twos, fours }: NetworkSeen, device: number): number {
  return ((ones >>> device) & 1) + 2 * ((twos >>> device) & 1) + 4 * ((fours >>> device) & 1);
}

function eachPair(set: number, each: (a: number, b: number) => void): void {
  for (let a = 0; a < MOST.devices; a++) {
    if ((set & (1 << a)) === 0) continue;
    for (let b = a + 1; b < MOST.devices; b++) if ((set & (1 << b)) !== 0) each(a, b);
  }
}
