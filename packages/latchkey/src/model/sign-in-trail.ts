/**
 * What is remembered of one account's sign-ins to tell whether it is passed around: its latest sign-ins, devices and networks.
 * However much happens, it takes no more room than `MOST` allows; what is dropped is the oldest.
 */
import type { AccountId, SessionId } from './account.ts';
import type { DeviceSummary } from './device.ts';
import type { Coordinates } from './place.ts';
import type { EndReason } from './reasons.ts';

/** What history is told of a session, as far as it matters here. Times are milliseconds since 1970. */
export type SessionEvent = { readonly accountId: AccountId; readonly at: number; readonly sessionId: SessionId } & (
  | {
      readonly kind: 'opened';
      /** null for a key that came from elsewhere: each is a device of its own. */
      readonly deviceId: string | null;
      readonly device: DeviceSummary;
      readonly network: string | null;
      readonly coordinates: Coordinates | null;
    }
  | {
      readonly kind: 'ended';
      readonly reason: EndReason | null;
      /** The same device signed in again. */
      readonly isReplaced: boolean;
      readonly bySession: SessionId | null;
    }
);

/** The most that is remembered of an account. Devices are the bits of a 32-bit number. */
export const MOST = { signIns: 256, devices: 32, networks: 48 } as const;

const MINUTE_MS = 60_000;
export const DAY_MINUTES = 1440;

/** For so long what devices have in common is remembered, and so much history is read before what is looked at. */
export const MEMORY_DAYS = 60;

/** So much of it is looked at: sign-ins of the last so many days. */
export const WINDOW_DAYS = 30;

/** Stands for a device that was dropped, or for none. */
export const NONE = -1;

type DeviceSeen = {
  readonly key: number;
  readonly isMobile: boolean;
  seenAt: number;
  /** Its session that has not ended, by its key; 0 where it has none. */
  session: number;
};

export type NetworkSeen = {
  readonly key: number;
  seenAt: number;
  /** The devices that came from it on its latest day, as bits. */
  today: number;
  /** On how many days each device came from it, up to 7: a number of three bits for each, in three planes. */
  ones: number;
  twos: number;
  fours: number;
};

/** Of each sign-in: minutes since 1970, device, device that it turned out, other device that stayed in, network, place. */
const FIELDS = 6;

export type SignIn = {
  readonly minute: number;
  readonly device: number;
  readonly victim: number;
  readonly alongside: number;
  readonly network: number;
  readonly latitude: number;
  readonly longitude: number;
};

export class SignInTrail {
  readonly devices: DeviceSeen[] = [];
  readonly networks: NetworkSeen[] = [];
  /** A ring of the latest sign-ins, as long as the window needs. */
  #ring = new Int32Array(4 * FIELDS);
  #first = 0;
  #count = 0;
  #lastMinute = 0;
  #crowdedAt = 0;
  /** The session that turns a device out is told of after that: its key, and the device. */
  #takingOver = 0;
  #victim = NONE;

  /** Takes the events of one account in their order. */
  note(event: SessionEvent): void {
    if (event.kind === 'opened') this.#noteOpened(event);
    else this.#noteEnded(event);
  }

  /** When the account was last signed in to, in milliseconds since 1970. */
  get lastAt(): number {
    return this.#lastMinute * MINUTE_MS;
  }

  /** When a device last found another one signed in, in milliseconds since 1970. */
  get crowdedAt(): number {
    return this.#crowdedAt * MINUTE_MS;
  }

  /** For how many sign-ins there is room now. */
  get room(): number {
    return this.#ring.length / FIELDS;
  }

  /** The sign-ins after one minute and until another, the oldest first. */
  between(after: number, until: number): readonly SignIn[] {
    const found: SignIn[] = [];
    for (let position = 0; position < this.#count; position++) {
      const offset = this.#offset(position);
      const minute = this.#field(offset);
      if (minute > after && minute <= until) found.push(this.#signInAt(offset));
    }
    return found;
  }

  #signInAt(offset: number): SignIn {
    const place = this.#field(offset + 5);
    return {
      minute: this.#field(offset),
      device: this.#field(offset + 1),
      victim: this.#field(offset + 2),
      alongside: this.#field(offset + 3),
      network: this.#field(offset + 4),
      latitude: place < 0 ? Number.NaN : Math.floor(place / LONGITUDES) / 10 - 90,
      longitude: place < 0 ? Number.NaN : (place % LONGITUDES) / 10 - 180,
    };
  }

  #noteOpened(event: SessionEvent & { readonly kind: 'opened' }): void {
    const { at, sessionId, deviceId, network, coordinates } = event;
    // A clock that was put back does not put the order of events back.
    const minute = Math.max(this.#lastMinute, Math.floor(at / MINUTE_MS));
    this.#lastMinute = minute;
    const session = keyOf(sessionId);
    const device = this.#device(deviceId === null ? session : keyOf(deviceId), isMobile(event.device), minute);
    const seen = this.devices[device];
    if (seen !== undefined) seen.session = session;
    const victim = this.#takingOver === session ? this.#victim : NONE;
    [this.#takingOver, this.#victim] = [0, NONE];
    const from = network === null ? NONE : this.#network(keyOf(network), device, minute);
    const alongside = this.#alongside(device);
    if (victim !== NONE || alongside !== NONE) this.#crowdedAt = minute;
    this.#push([minute, device, victim, alongside, from, packed(coordinates)]);
  }

  #noteEnded({ sessionId, reason, isReplaced, bySession }: SessionEvent & { readonly kind: 'ended' }): void {
    const session = keyOf(sessionId);
    const device = numberOf(this.devices, 'session', session);
    const ended = this.devices[device];
    if (ended === undefined) return;
    ended.session = 0;
    if (reason !== 'displaced' || isReplaced || bySession === null) return;
    [this.#takingOver, this.#victim] = [keyOf(bySession), device];
  }

  /** The number of a device: a new one takes that of the one that was not seen for longest, where there is no other left. */
  #device(key: number, isMobile: boolean, minute: number): number {
    const known = numberOf(this.devices, 'key', key);
    const held = this.devices[known];
    if (held !== undefined) {
      held.seenAt = minute;
      return known;
    }
    const device = freed(this.devices, MOST.devices, minute);
    if (device < this.devices.length) this.#dropDevice(device);
    this.devices[device] = { key, isMobile, seenAt: minute, session: 0 };
    return device;
  }

  #network(key: number, device: number, minute: number): number {
    const bit = 1 << device;
    const known = numberOf(this.networks, 'key', key);
    const held = this.networks[known];
    if (held === undefined) {
      const network = freed(this.networks, MOST.networks, minute);
      if (network < this.networks.length) this.#forget(4, network);
      this.networks[network] = { key, seenAt: minute, today: bit, ones: bit, twos: 0, fours: 0 };
      return network;
    }
    if (Math.floor(held.seenAt / DAY_MINUTES) !== Math.floor(minute / DAY_MINUTES)) held.today = 0;
    if ((held.today & bit) === 0) countDay(held, bit);
    held.seenAt = minute;
    return known;
  }

  #dropDevice(device: number): void {
    for (const field of [1, 2, 3]) this.#forget(field, device);
    for (const network of this.networks) {
      const others = ~(1 << device);
      network.today &= others;
      network.ones &= others;
      network.twos &= others;
      network.fours &= others;
    }
    if (this.#victim === device) this.#victim = NONE;
  }

  /** Another device that is signed in, the one that was last seen. */
  #alongside(device: number): number {
    let found = NONE;
    let latest = -1;
    for (let other = 0; other < this.devices.length; other++) {
      const seen = this.devices[other];
      if (seen === undefined || other === device || seen.session === 0 || seen.seenAt < latest) continue;
      found = other;
      latest = seen.seenAt;
    }
    return found;
  }

  /** What is numbered so is something else from now on. */
  #forget(field: number, number: number): void {
    for (let position = 0; position < this.#count; position++) {
      const at = this.#offset(position) + field;
      if (this.#ring[at] === number) this.#ring[at] = NONE;
    }
  }

  /** Over the oldest, where that is out of the window or there is no more room to take. */
  #push(signIn: readonly number[]): void {
    const capacity = this.#ring.length / FIELDS;
    if (this.#count === capacity) {
      const isOver = this.#field(this.#offset(0)) < (signIn[0] ?? 0) - WINDOW_DAYS * DAY_MINUTES;
      if (isOver || capacity >= MOST.signIns) {
        this.#first = (this.#first + 1) % capacity;
        this.#count--;
      } else this.#grow();
    }
    this.#count++;
    this.#ring.set(signIn, this.#offset(this.#count - 1));
  }

  #grow(): void {
    const larger = new Int32Array(this.#ring.length * 2);
    const split = this.#first * FIELDS;
    larger.set(this.#ring.subarray(split));
    larger.set(this.#ring.subarray(0, split), this.#ring.length - split);
    this.#ring = larger;
    this.#first = 0;
  }

  #offset(position: number): number {
    return ((this.#first + position) % (this.#ring.length / FIELDS)) * FIELDS;
  }

  #field(index: number): number {
    return this.#ring[index] ?? NONE;
  }
}

/** A loop, because this is done for each line of history. */
function numberOf<Field extends string>(
  list: readonly Readonly<Record<Field, number>>[],
  field: Field,
  value: number,
): number {
  for (let number = 0; number < list.length; number++) if (list[number]?.[field] === value) return number;
  return NONE;
}

/** What is carried about, an app or a browser on it: most people have one such. */
function isMobile({ class: deviceClass, name }: DeviceSummary): boolean {
  return deviceClass === 'mobile' || / on (?:Android|iOS)$/.test(name);
}

/** The number for a new one: past the others, or that of the one not seen for longest, if it is too old or there are too many. */
function freed(list: readonly { readonly seenAt: number }[], most: number, minute: number): number {
  let oldest = 0;
  for (let number = 1; number < list.length; number++) {
    if ((list[number]?.seenAt ?? 0) < (list[oldest]?.seenAt ?? 0)) oldest = number;
  }
  const seenAt = list[oldest]?.seenAt ?? minute;
  const isToGo = list.length >= most || seenAt < minute - MEMORY_DAYS * DAY_MINUTES;
  return isToGo && list.length > 0 ? oldest : list.length;
}

/** One day more for a device, up to 7: addition with a carry, a bit of each plane. */
function countDay(network: NetworkSeen, bit: number): void {
  network.today |= bit;
  if ((network.ones & network.twos & network.fours & bit) !== 0) return;
  const toTwos = network.ones & bit;
  const toFours = network.twos & toTwos;
  network.ones ^= bit;
  network.twos ^= toTwos;
  network.fours ^= toFours;
}

const LONGITUDES = 3601;

/** Tenths of degrees in one number. */
function packed(coordinates: Coordinates | null): number {
  if (coordinates === null) return NONE;
  const { latitude, longitude } = coordinates;
  return Math.round((latitude + 90) * 10) * LONGITUDES + Math.round((longitude + 180) * 10);
}

/** 32 bits of a text (FNV-1a), never 0: among what one account has, enough to tell one from another. */
function keyOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash | 0 || 1;
}
