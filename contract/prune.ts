/**
 * `npm run contract:prune -- FROM`: brings the transcripts of a folder that are replayed over to this one,
 * without what nothing is compared with: the words of pages and mails, headers that no client looks at, counts of other tables.
 * One transcript a line, so that a change shows as what it is.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Json, type JsonObject, listAt, objectAt, parseJson, textAt } from './json.ts';
import { readRecording, transcriptOf } from './recording.ts';
import { scopeOf } from './scope.ts';

const KEPT_HEADERS: ReadonlySet<string> = new Set([
  'Content-Type',
  'Allow',
  'WWW-Authenticate',
  'Retry-After',
  'Location',
  'X-Frame-Options',
  'X-Content-Type-Options',
]);

/** The session's, and those of JWT mode. */
const KEPT_COOKIES = /^(?:sessionid|access|refresh)=/;

const [from] = process.argv.slice(2);
if (from === undefined) throw new TypeError('Say which folder the transcripts are in.');
const to = import.meta.dirname;

const recording = readRecording(from);
const used = new Set<string>();
mkdirSync(join(to, 'transcripts'), { recursive: true });
for (const file of readdirSync(join(from, 'transcripts')).filter((name) => name.endsWith('.json'))) {
  const area = file.replace(/\.json$/, '');
  const items = listAt(parseJson(readFileSync(join(from, 'transcripts', file), 'utf8')), file).map((item) =>
    objectAt(item, file),
  );
  const kept = items.filter((item) => isReplayed(item, area));
  for (const item of kept) used.add(textAt(item['profile'], file));
  if (kept.length > 0) writeFileSync(join(to, 'transcripts', file), inLines(kept.map(prunedTranscript)));
}
const profiles = objectAt(parseJson(readFileSync(join(from, 'profiles.json'), 'utf8')), 'profiles.json');
const lines = Object.entries(profiles).filter(([name]) => used.has(name));
const shown = lines.map(([name, profile]) => ` ${JSON.stringify(name)}: ${JSON.stringify(profile)}`);
writeFileSync(join(to, 'profiles.json'), `{\n${shown.join(',\n')}\n}\n`);

function isReplayed(item: JsonObject, area: string): boolean {
  const transcripts = [transcriptOf(item, area)];
  return scopeOf({ transcripts, profiles: recording.profiles }).replayable.length > 0;
}

function inLines(items: readonly Json[]): string {
  return `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`;
}

function prunedTranscript({ name = '', profile = '', given = {}, steps = [] }: JsonObject): Json {
  return { name, profile, given, steps: listAt(steps, 'steps').map((step) => prunedStep(objectAt(step, 'a step'))) };
}

function prunedStep({ request = null, response, db_after: after, mail }: JsonObject): Json {
  const { users = 0, verified_emails: verified = null } = objectAt(after, 'db_after');
  return {
    request,
    response: prunedResponse(objectAt(response, 'a response')),
    db_after: { users, verified_emails: verified },
    ...(mail !== undefined && { mail: listAt(mail, 'mail').map((one) => prunedMail(objectAt(one, 'a mail'))) }),
  };
}

function prunedResponse({ status = 0, headers: given, body = '' }: JsonObject): Json {
  const { 'Set-Cookie': cookies, ...headers } = objectAt(given, 'headers');
  const session = [cookies ?? []].flat().filter((cookie) => KEPT_COOKIES.test(textAt(cookie, 'a cookie')));
  const kept = Object.entries(headers).filter(([name]) => KEPT_HEADERS.has(name));
  const values = session.map((cookie) => prunedCookie(textAt(cookie, 'a cookie')));
  const isPage = typeof body === 'string' && body !== '' && String(headers['Content-Type']).startsWith('text/html');
  return {
    status,
    headers: { ...Object.fromEntries(kept), ...(values.length > 0 && { 'Set-Cookie': values }) },
    body: isPage ? '<html>' : body,
  };
}

/** What is compared of it: of a session's cookie its value alone. */
function prunedCookie(cookie: string): string {
  if (cookie.startsWith('sessionid=')) return cookie.split(';')[0] ?? '';
  return cookie.replace(/ expires=[^;]*;/, '');
}

/** Whom it went to, and what its link carries. */
function prunedMail({ to = '', body = '' }: JsonObject): Json {
  const carried = textAt(body, 'a mail').match(/<(?:uid|reset-token|email-key)\d*>/g) ?? [];
  return { to, body: [...new Set(carried)].join(' ') };
}
