/** What a handler gets to work with: a request of which the rest has been seen to. */
import type { Parts } from '../flows/parts.ts';
import type { Account } from '../model/account.ts';
import type { Session } from '../model/session.ts';
import type { Settings } from '../model/settings.ts';
import type { Caller } from '../sessions/admit.ts';
import type { Sink } from '../sessions/streams.ts';
import type { Refused } from '../sessions/verify.ts';
import type { Manner } from './answers.ts';
import type { Authenticated, CredentialRefusal } from './authenticate.ts';
import type { ParsedBody } from './body.ts';
import type { Client } from './client.ts';
import type { Field, Values } from './fields.ts';
import type { Renders } from './negotiate.ts';

/** Whoever is signed in. */
export type Who = {
  readonly session: Session;
  /** The store's time at the check. */
  readonly now: number;
  readonly via: 'header' | 'cookie';
};

/** Begins a stream. Returns what is to be called when its reader is gone. */
export type StartStream = (sink: Sink) => () => void;

export type Call = Client &
  Manner & {
    readonly parts: Parts;
    readonly request: Request;
    /** What stands in the path where the route has `:name`. */
    readonly params: Readonly<Record<string, string>>;
    readonly values: Values;
    readonly body: ParsedBody;
    /** null where nobody is signed in, or where a dead credential was brought along. */
    readonly who: Who | null;
    /** What became of the session whose credential was brought along; null where there was none, or it is live. */
    readonly refused: Refused | null;
    /** How to refuse the credential of a live session whose key was not shown with it; null where that is not so. */
    readonly withheld: CredentialRefusal | null;
    /** The device tokens that it sent, or null. */
    readonly deviceTokens: string | null;
    /** How the host holds a stream itself, at less cost than a `Response` with one; null where it does not. */
    readonly hold: ((start: StartStream) => void) | null;
    /** Who asks to come in, by the key that they show if any. Throws where that is shown wrongly. Worked out when it is first asked for. */
    readonly caller: () => Promise<Caller>;
    /** The host's extra fields, checked by its schema; null where it has none, or where a change (not `null`) names none. */
    readonly extra: (current: Account['profile'] | null) => Promise<Account['profile'] | null>;
  };

export type SignedInCall = Call & { readonly who: Who };

/** By the credential of a session that is live, or was until it ended. */
export type FollowingCall = Call & { readonly authenticated: Authenticated };

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type Methods<Handled> = { readonly [Name in Method]?: (call: Handled) => Promise<Response> };

/** One row of the route table: all that there is to know of a path. */
export type Route = {
  /** Below the base path, with its slash at the end; requests may leave that out. `:number` stands for digits. */
  readonly path: string;
  /** What `OPTIONS` says of it, as the recorded server does. */
  readonly name: string;
  readonly description: string;
  /** The methods as `Allow` has them. */
  readonly allow: string;
  /** The fields of its bodies, by method; a method that is not here reads none. Which are there may depend on the settings. */
  readonly fields: (settings: Settings) => { readonly [Name in Method]?: readonly Field[] };
  /** The method whose fields `OPTIONS` shows. */
  readonly describes?: 'POST' | 'PUT';
  /** Whether it is there at all; without this it is. */
  readonly isOn?: (settings: Settings) => boolean;
  /** Counted under the recorded server's one throttle. */
  readonly isThrottled: boolean;
  /** The types that it can answer in, where that is not JSON and what is taken for it. */
  readonly renders?: Renders;
  /** The types of its bodies as `OPTIONS` lists them, where the order is another than everywhere else. */
  readonly parses?: readonly string[];
} & (
  | { readonly access: 'anyone'; readonly methods: Methods<Call> }
  | { readonly access: 'signed-in'; readonly methods: Methods<SignedInCall> }
  /** By the proof of a key: no other credential is looked at, so that nobody can tell whether there is one. */
  | { readonly access: 'by-key'; readonly methods: Methods<Call> }
  /**
   * A stream, for the holders of sessions, those that have ended included: their holders are to be told. Asking is no use of a
   * session: it is not seen by it. A cookie counts for the pages that may change something, as an answer can be held for long.
   */
  | { readonly access: 'following'; readonly methods: Methods<FollowingCall> }
);
