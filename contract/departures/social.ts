/** Departures of signing in by other providers. */
import { type Expected, isFieldErrors } from '../answer.ts';
import { fieldOf } from '../asked.ts';
import type { Json } from '../json.ts';
import { instead, notice, type Situation } from '../situation.ts';
import type { Departure } from './departure.ts';

/** The provider in the path of a sign-in or a connection, or null. */
function providerIn({ asked }: Situation): string | null {
  const isShown = asked.route === 'social-login' || asked.route === 'social-connect';
  return isShown && asked.method === 'POST' ? (asked.path.split('/')[3] ?? null) : null;
}

function mayAsk({ asked, caller }: Situation): boolean {
  return asked.route === 'social-login' || caller.kind === 'live';
}

/** What is no text is bad input first; then there is no such provider. */
function nowhere(situation: Situation): Expected {
  const flaws = ['access_token', 'code', 'id_token'].flatMap((name): readonly (readonly [string, Json])[] => {
    const value = situation.asked.fields.get(name);
    if (value === null) return [[name, ['This field may not be null.']]];
    const isText = value === undefined || typeof value === 'string' || typeof value === 'number';
    return isText ? [] : [[name, ['Not a valid string.']]];
  });
  if (flaws.length > 0) return instead(situation, { status: 400, json: Object.fromEntries(flaws) });
  return instead(situation, { status: 404, json: { detail: 'Not found.' } });
}

/** OAuth 1.0, which Twitter has left, is not spoken. */
export const oauthOne: Departure = {
  id: 'oauth-one',
  whole(situation) {
    const { recorded, asked } = situation;
    if (providerIn(situation) !== 'twitter' || !mayAsk(situation)) return null;
    const flaws = ['access_token', 'token_secret'].flatMap((name) => {
      const flaw = flawOf(asked.fields.get(name));
      return flaw === null ? [] : [[name, flaw] as const];
    });
    const isRefused = flaws.length > 0 && isFieldErrors(recorded, Object.fromEntries(flaws));
    return isRefused ? nowhere(situation) : null;
  },
};

/** What is said of a field that has to be there, or null. */
function flawOf(value: Json | undefined): string | null {
  if (value === undefined) return 'This field is required.';
  if (value === null) return 'This field may not be null.';
  if (typeof value !== 'string' && typeof value !== 'number') return 'Not a valid string.';
  return String(value).trim() === '' ? 'This field may not be blank.' : null;
}

const UNWIRED = ['callback_url', 'client_class', 'adapter_class'].map((name) => `Define ${name} in view`);

/** There are no views to be wired wrong: a provider is set up, or it is not there. */
export const unwiredView: Departure = {
  id: 'unwired-view',
  whole(situation) {
    const { recorded, asked, world } = situation;
    const provider = providerIn(situation);
    const isUnwired = UNWIRED.some((text) => isFieldErrors(recorded, { non_field_errors: text }));
    const isBroken = recorded.status === 500 && recorded.body.kind === 'page';
    if (provider === null || provider === 'twitter' || !(isUnwired || isBroken)) return null;
    if (!world.providers.includes(provider)) return nowhere(situation);
    const isToken = (fieldOf(asked, 'access_token') ?? '') !== '';
    const text = isToken ? 'Incorrect value' : 'Failed to exchange code for access token';
    return instead(situation, { status: 400, json: { non_field_errors: [text] } });
  },
};

function connectionIn({ asked, caller }: Situation): number | null {
  const number = Number(asked.path.split('/')[4]);
  return asked.route === 'social-disconnect' && caller.kind === 'live' && caller.account.connections.includes(number)
    ? number
    : null;
}

/** Nobody is left without a way in. */
export const lastWayIn: Departure = {
  id: 'last-way-in',
  whole(situation) {
    const { recorded, caller } = situation;
    if (connectionIn(situation) === null || caller.kind !== 'live' || !isTakenAway(recorded)) return null;
    const { password, connections } = caller.account;
    if (password.kind !== 'none' || connections.length > 1) return null;
    const text = 'This is the last way to sign in. Set a password before it is removed.';
    return instead(situation, { status: 400, json: { non_field_errors: [text] } });
  },
};

function isTakenAway({ status, body }: Expected): boolean {
  return (status === 200 && body.kind === 'json' && JSON.stringify(body.value) === '{}') || isFailed({ status, body });
}

function isFailed({ status, body }: Pick<Expected, 'status' | 'body'>): boolean {
  return status === 500 && body.kind === 'page';
}

/** Its owner hears of every way in that is taken away. */
export const connectionNotice: Departure = {
  id: 'connection-notice',
  parts(situation) {
    const { recorded, caller } = situation;
    const isDone = recorded.status === 200 && connectionIn(situation) !== null && caller.kind === 'live';
    // Something else was mailed there: that is no recording of this.
    if (!isDone || recorded.mails.length > 0) return null;
    return { mails: notice('social-disconnected', caller.account) };
  },
};
