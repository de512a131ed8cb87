/** The door of one simulated account: what is used becomes what history is told, by the rule that the real door follows. */
import { firstGate } from '../../src/model/account.ts';
import { decideAdmission, type Limit } from '../../src/model/admission.ts';
import type { EndReason } from '../../src/model/reasons.ts';
import type { HistoryEntry } from '../../src/stores/store.ts';
import { type Gadget, HOURS, type Person, type Use } from './people.ts';
import type { Random } from './random.ts';

const HOUR_MS = 3_600_000;

/** As Latchkey's are unless set. */
const IDLE_HOURS = 14 * HOURS;
const LIFETIME_HOURS = 30 * HOURS;

/** How often somebody who is signed in signs in once more: by a link, in another tab. */
const SIGNS_IN_AGAIN = 0.01;

type Live = {
  readonly id: string;
  readonly sequence: number;
  readonly deviceId: string | null;
  readonly gadget: Gadget;
  readonly person: Person;
  readonly openedAt: number;
  seenAt: number;
  /** Until when its person is busy with it, and where. */
  busyUntil: number;
  spot: Use['spot'];
};

export type Write = (entry: Omit<HistoryEntry, 'id'>) => void;

/** Whom a use turned out, in the middle of what they did. */
export type Interrupted = Pick<Use, 'person' | 'gadget' | 'spot'>;

export class Door {
  readonly #accountId: number;
  readonly #limits: readonly Limit[];
  readonly #startsAt: number;
  #sequence = 0;
  #devices = 0;
  #live: Live[] = [];

  constructor(accountId: number, limit: number, startsAt: number) {
    this.#accountId = accountId;
    this.#limits = [{ bucket: 'account', max: limit }];
    this.#startsAt = startsAt;
  }

  /** Lets a use in, by a sign-in where its device has no live session. Whom that interrupts is returned. */
  use(use: Use, random: Random, write: Write): readonly Interrupted[] {
    const { at, hours, gadget, person, spot } = use;
    const held = this.#live.find((session) => session.gadget === gadget && isLive(session, at));
    if (held !== undefined && !random.isChance(SIGNS_IN_AGAIN)) {
      Object.assign(held, { seenAt: at + hours, busyUntil: at + hours, spot });
      this.#mayLeave(held, at, random, write);
      return [];
    }
    return this.#signIn(use, random, write).filter(
      (other) => other.person !== person && other.busyUntil > at && other.gadget !== gadget,
    );
  }

  /** A new password: whoever sets it stays, the others are out. */
  changePassword(at: number, write: Write): void {
    const ended = this.#live.slice(0, -1);
    this.#end(ended, at, 'password_changed', {}, write);
  }

  #signIn({ at, hours, gadget, person, spot }: Use, random: Random, write: Write): readonly Live[] {
    const over = this.#live.filter((session) => !isLive(session, at));
    this.#end(over, at, 'expired', {}, write);
    if (gadget.id === null || random.isChance(gadget.forgets)) gadget.id = `${this.#accountId}-${++this.#devices}`;
    const sequence = ++this.#sequence;
    const id = `ses_${this.#accountId}-${sequence}`;
    const places = this.#live.map((session) => ({ ...session, class: session.gadget.class, client: null }));
    const verdict = decideAdmission(GATE, places, {
      proofRevision: GATE.revision,
      newcomer: { deviceId: gadget.id, class: gadget.class, client: null },
      limits: this.#limits,
      whenFull: 'displace',
      ends: [],
    });
    if (verdict.kind !== 'admit') throw new Error('The door of a simulated account is always open.');
    const by = { by: gadget.name, by_class: gadget.class, by_session: id };
    const isOf = (places: readonly { readonly id: string }[]) => (session: Live) =>
      places.some((place) => place.id === session.id);
    const displaced = this.#live.filter(isOf(verdict.displaced));
    this.#end(this.#live.filter(isOf(verdict.replaced)), at, 'displaced', { ...by, replaced: 1 }, write);
    this.#end(displaced, at, 'displaced', by, write);
    const { network, latitude, longitude } = spot();
    const device = { device: gadget.name, class: gadget.class, place: null, device_id: gadget.id };
    const where = { network, lat: latitude, lon: longitude };
    const data = { method: 'password', sequence, ...device, client: null, ...where };
    write({ at: this.#ms(at), kind: 'session_opened', accountId: this.#accountId, sessionId: id, data });
    const opened = { id, sequence, deviceId: gadget.id, gadget, person, spot, openedAt: at };
    const session: Live = { ...opened, seenAt: at + hours, busyUntil: at + hours };
    this.#live.push(session);
    this.#mayLeave(session, at, random, write);
    return displaced;
  }

  #mayLeave(session: Live, at: number, random: Random, write: Write): void {
    if (session.gadget.signsOut > 0 && random.isChance(session.gadget.signsOut)) {
      this.#end([session], at, 'signed_out', {}, write);
    }
  }

  #end(ended: readonly Live[], at: number, reason: EndReason, more: HistoryEntry['data'], write: Write): void {
    if (ended.length === 0) return;
    this.#live = this.#live.filter((session) => !ended.includes(session));
    for (const { id } of ended) {
      const data = { reason, by: null, by_class: null, by_session: null, ...more };
      write({ at: this.#ms(at), kind: 'session_ended', accountId: this.#accountId, sessionId: id, data });
    }
  }

  #ms(hours: number): number {
    return this.#startsAt + Math.floor(hours * HOUR_MS);
  }
}

const GATE = firstGate(1, []);

function isLive({ openedAt, seenAt }: Live, at: number): boolean {
  return at - seenAt < IDLE_HOURS && at - openedAt < LIFETIME_HOURS;
}
