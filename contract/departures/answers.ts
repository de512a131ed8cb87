/** Departures in how things are answered: pages, errors, and what the recorded server stumbles over. */
import { isFieldErrors, messageIn } from '../answer.ts';
import { fieldOf, isForm, isOpen, isProtected } from '../asked.ts';
import { isObject } from '../json.ts';
import { promised } from '../promise.ts';
import { instead, ownView, type Situation } from '../situation.ts';
import type { KnownAccount } from '../world.ts';
import type { Departure } from './departure.ts';
import { PAGE } from './regular.ts';
import { refusedFor } from './sessions.ts';

/** What is wrong with a body that is no JSON is said in words of our own. */
export const jsonComplaint: Departure = {
  id: 'json-complaint',
  parts({ recorded: { status, body } }) {
    const [detail, ...others] = body.kind === 'json' && isObject(body.value) ? Object.entries(body.value) : [];
    const isComplaint = detail?.[0] === 'detail' && String(detail[1]).startsWith('JSON parse error - ');
    return status === 400 && isComplaint && others.length === 0 ? { body: { kind: 'json-complaint' } } : null;
  },
};

/** The pages that mails lead to are there, and looking at one changes nothing. */
export const pages: Departure = {
  id: 'pages',
  whole(situation) {
    const { asked, recorded, profile } = situation;
    const isPage = asked.route === 'confirm-page' || asked.route === 'sent-page';
    const isBroken = recorded.status === 500 && recorded.body.kind === 'page';
    const isConfirmed = profile.confirmsOnGet && recorded.status === 302 && recorded.location === '/login/';
    if (asked.method !== 'GET' || !isPage || !(isBroken || isConfirmed) || recorded.contentType !== PAGE) return null;
    return { ...instead(situation, { status: 200, body: { kind: 'page' } }), contentType: PAGE };
  },
};

/** The API answers in JSON to browsers, too. */
export const browsableApi: Departure = {
  id: 'browsable-api',
  whole(situation) {
    const { asked, recorded } = situation;
    const isPreferred = /^text\/html/.test(asked.headers['Accept'] ?? '') || asked.format === 'api';
    const isAsked = isPreferred && (isOpen(asked.route) || isProtected(asked.route));
    const isShown = recorded.contentType === PAGE && recorded.status !== 500 && recorded.status !== 301;
    if (!isAsked || !isShown) return null;
    const told = promised(situation);
    if (told !== null)
      return told.status === recorded.status && told.authenticate === recorded.authenticate ? told : null;
    return { ...recorded, contentType: 'application/json', body: { kind: 'some-json' } };
  },
};

/** A slash that is missing at the end is no reason to send somebody away. */
export const slash: Departure = {
  id: 'slash',
  whole(situation) {
    const { asked, recorded } = situation;
    const withSlash = `${asked.path}/${asked.search}`;
    const isSent = recorded.status === 301 && recorded.location === withSlash && recorded.contentType === PAGE;
    const isOurs = asked.path.startsWith('/auth/') || isForm(asked.route);
    return isSent && !asked.hasSlash && isOurs ? promised(situation) : null;
  },
};

/** Nothing follows the name of the host that a request asks for: links and cookies follow the settings. */
export const anyHost: Departure = {
  id: 'any-host',
  whole(situation) {
    const { asked, recorded } = situation;
    const host = asked.headers['Host'];
    const isRefused = recorded.status === 400 && recorded.contentType === PAGE;
    return host !== undefined && host !== '<host>' && isRefused ? promised(situation) : null;
  },
};

/** What went wrong is logged, and shown to nobody. */
export const debugPage: Departure = {
  id: 'debug-page',
  whole(situation) {
    const { profile, recorded } = situation;
    const isShown = recorded.status === 500 && recorded.contentType === PAGE;
    return profile.isDebugging && isShown ? promised(situation) : null;
  },
};

/** Nothing that a client can ask for makes the server fail. */
export const noFailure: Departure = {
  id: 'no-failure',
  whole(situation) {
    const { asked, profile, recorded } = situation;
    const isFailure = recorded.status === 500 && recorded.contentType === PAGE && !profile.isDebugging;
    const isOwn = asked.route !== 'signin' && (isOpen(asked.route) || isProtected(asked.route));
    return isFailure && isOwn ? promised(situation) : null;
  },
};

/** Whoever puts back what they got gets it again. */
export const ownUsername: Departure = {
  id: 'own-username',
  whole(situation) {
    const { asked, caller, recorded, world } = situation;
    const isTaken = isFieldErrors(recorded, { username: 'A user with that username already exists.' });
    const username = fieldOf(asked, 'username');
    if (asked.route !== 'user' || caller.kind !== 'live' || username === null || !isTaken) return null;
    if (world.byUsername(username) !== caller.account) return null;
    return instead(situation, { status: 200, json: ownView(changed(situation, caller.account)) });
  },
};

/** An account with the names that a request gives it. */
export function changed({ asked }: Situation, account: KnownAccount): KnownAccount {
  return {
    ...account,
    username: fieldOf(asked, 'username') ?? account.username,
    firstName: fieldOf(asked, 'first_name') ?? account.firstName,
    lastName: fieldOf(asked, 'last_name') ?? account.lastName,
  };
}

const refusedAsClosed = refusedFor('account_disabled');

/** An account's owner can close it. */
export const closing: Departure = {
  id: 'closing',
  whole(situation) {
    const closed = refusedAsClosed(situation);
    if (closed !== null) return closed;
    const { asked, caller, recorded } = situation;
    const isRefused = recorded.status === 405 && messageIn(recorded, 'detail') === 'Method "DELETE" not allowed.';
    if (asked.route !== 'user' || asked.method !== 'DELETE' || caller.kind !== 'live' || !isRefused) return null;
    const isVerified = caller.account.isVerified;
    return instead(situation, { status: 204, cookie: { kind: 'cleared' }, users: -1, verified: isVerified ? -1 : 0 });
  },
};
