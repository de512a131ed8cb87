/** A request to a page, of which the rest has been seen to: who looks, in which language, and what was sent. */
import { html } from 'hono/html';
import type { Parts } from '../flows/parts.ts';
import type { Authenticated } from '../http/authenticate.ts';
import { type ParsedBody, readBody, UnreadableBody } from '../http/body.ts';
import type { Who } from '../http/call.ts';
import type { Client } from '../http/client.ts';
import type { StandardSchema } from '../http/extra-fields.ts';
import type { Mail } from '../mail/message.ts';
import type { Account } from '../model/account.ts';
import { localPath } from '../model/next.ts';
import { type Flaws, Refusal, worded } from '../model/reasons.ts';
import { choiceByRole } from '../model/views.ts';
import type { Speech } from '../texts/catalogue.ts';
import { flawInWords } from '../texts/flaws.ts';
import type { Assets } from './assets.ts';
import { type FrameScript, type FrameView, frame, pageHeaders } from './frame.ts';
import type { FormView, Page, PageContext, Script, Template } from './page.ts';
import type { ViewTemplates } from './view-types.ts';

/** What all visits share. */
export type Site = {
  readonly parts: Parts;
  /** The host name that people know. */
  readonly name: string;
  readonly assets: Assets;
  /** The host's templates, by the names of pages; `frame` is the one around them. */
  readonly templates: Readonly<Record<string, unknown>>;
  /** What stands at `/`, or null for our own. */
  readonly home: ViewTemplates | null;
  /** Checks the host's extra fields of registration and profile, or null. */
  readonly fields: StandardSchema | null;
  /** The mails to show to their developer; null where they are sent, and where anybody else could look. */
  readonly keptMails: (() => Promise<readonly Mail[]>) | null;
  readonly report: (error: unknown, request: Request) => void;
};

export type Visit = Client & {
  readonly site: Site;
  /** As the site's, but for mails, which are in the visitor's language. */
  readonly parts: Parts;
  readonly request: Request;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly speech: Speech;
  readonly authenticated: Authenticated;
  /** Who is signed in by cookie, or null. */
  readonly visitor: Visitor | null;
};

export type Visitor = { readonly who: Who; readonly account: Account };

export type SignedInVisit = Visit & { readonly visitor: Visitor };

export type Shown = {
  readonly status?: number;
  readonly cookies?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** Shows a page: the host's template where it gave one, else ours, in the frame. */
export async function show<View>(visit: Visit, page: Page<View>, view: View, shown: Shown = {}): Promise<Response> {
  const context = contextOf(visit);
  const template = (visit.site.templates[page.name] as Template<View> | undefined) ?? page.template;
  const framed: FrameView = {
    title: page.title(view, context),
    content: await template(view, context),
    isWide: page.isWide === true,
    style: visit.site.assets.pathOf('style.css'),
    scripts: [
      ...scriptsFor(visit, page.script?.(view, context) ?? null),
      ...passkeyScript(visit, page.passkeys?.(view, context) ?? null),
    ],
    logo: visit.parts.settings.theme.logo,
    refreshSeconds: page.refreshSeconds?.(view) ?? null,
  };
  return await answerFramed(visit, framed, shown);
}

/** A page's own script; else, for whoever is signed in, the one that turns the page when that is over. */
export function scriptsFor({ site, visitor, parts, speech }: Visit, own: Script | null): readonly FrameScript[] {
  const { basePath } = parts.settings;
  if (own !== null && own.asset !== 'live.js') return [{ path: site.assets.pathOf(own.asset), data: own.data }];
  if (visitor === null) return [];
  const paths = { events: `${basePath}/events/`, check: `${basePath}/session/`, over: '/signed-out/' };
  const asked = parts.settings.sessions.whenFull === 'approve' ? { asked: speech.words.approvals.waits } : {};
  const data = { ...paths, ...asked, session: visitor.who.session.id, ...own?.data };
  return [{ path: site.assets.pathOf('live.js'), data }];
}

/** Beside any other: it does nothing but where there is something to do with passkeys. */
function passkeyScript({ site }: Visit, data: Script['data'] | null): readonly FrameScript[] {
  return data === null ? [] : [{ path: site.assets.pathOf('passkey.js'), data }];
}

export async function answerFramed(visit: Visit, framed: FrameView, shown: Shown): Promise<Response> {
  const around = (visit.site.templates['frame'] as Template<FrameView> | undefined) ?? frame;
  // Text is escaped, as everywhere.
  const document = await html`${await around(framed, contextOf(visit))}`;
  const headers = new Headers({ ...pageHeaders(visit.parts.settings, framed.scripts.length > 0), ...shown.headers });
  for (const cookie of shown.cookies ?? []) headers.append('Set-Cookie', cookie);
  return new Response(String(document), { status: shown.status ?? 200, headers });
}

export function contextOf({ speech, site, visitor, parts }: Visit): PageContext {
  const { basePath } = parts.settings;
  return { ...speech, site: site.name, basePath, signedInAs: visitor?.account.username ?? null };
}

/** Sends somebody on, to a path that we chose or checked. After a form, 303 says to look at it by GET (RFC 9110, 15.4.4). */
export function sendOn({ parts }: Visit, to: string, shown: Shown = {}): Response {
  const headers = new Headers({ ...pageHeaders(parts.settings), ...shown.headers, Location: to });
  for (const cookie of shown.cookies ?? []) headers.append('Set-Cookie', cookie);
  return new Response(null, { status: shown.status ?? 303, headers });
}

export type Form = {
  readonly body: ParsedBody;
  /** A field as it was typed; `''` where it is not there, or is no text. */
  text(name: string): string;
};

const NO_FIELDS: ParsedBody = { isForm: true, get: () => undefined, rest: () => ({}) };

/** What a form sent. What is no form has no fields (so it is with Django's). Throws where it cannot be read. */
export async function readForm({ request }: Visit): Promise<Form> {
  try {
    const read = await readBody(request);
    const body = read.isForm ? read : NO_FIELDS;
    const text = (name: string): string => {
      const value = body.get(name);
      return typeof value === 'string' ? value : '';
    };
    return { body, text };
  } catch (error) {
    if (error instanceof UnreadableBody) throw new Refusal(error.code, { message: error.message });
    throw error;
  }
}

/** Where somebody wants to go after signing in: the form's word goes before the address's; null for nowhere on this origin. */
export function nextOf({ url, parts }: Visit, form: Form | null): string | null {
  const inQuery = url.searchParams.getAll('next');
  const given = form !== null && form.body.get('next') !== undefined ? [form.text('next')] : inQuery;
  const [only, another] = given;
  const path = another === undefined ? localPath(only ?? null, parts.settings.origin) : null;
  return path === null || /^\/login(?:[/?#]|$)/.test(path) ? null : path;
}

/** Where somebody goes who has signed in. */
export function landingFor(visit: Visit, form: Form | null, roles: readonly string[]): string {
  const { roleRedirects, loginRedirect } = visit.parts.settings.pages;
  return nextOf(visit, form) ?? choiceByRole(roleRedirects, roles) ?? loginRedirect;
}

/** A path to a page of ours that leads on to another after it. */
export function withNext(path: string, next: string | null): string {
  return next === null ? path : `${path}?${new URLSearchParams({ next }).toString()}`;
}

/** Flaws in the words of the visitor's language, by field; what is about none of them stands under `''`. */
export function flawsInWords(speech: Speech, flaws: Flaws): FormView['flaws'] {
  const byField = worded(flaws, (flaw) => flawInWords(speech, flaw));
  return Object.fromEntries(
    Object.entries(byField).map(([field, said]) => [field === 'non_field_errors' ? '' : field, said]),
  );
}

/** Does what a form asks for; what is wrong with its fields comes back, and everything else is thrown. */
export async function orFlaws<Done>(
  work: () => Promise<Done>,
): Promise<{ readonly done: Done } | { readonly flaws: Flaws }> {
  try {
    return { done: await work() };
  } catch (error) {
    if (error instanceof Refusal && error.flaws !== null) return { flaws: error.flaws };
    throw error;
  }
}
