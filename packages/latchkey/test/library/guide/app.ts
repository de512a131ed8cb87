/** What docs/library.md shows of a host's own code. Run by `../guide.test.ts`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BlockList, isIP } from 'node:net';
import {
  html,
  type Latchkey,
  type LatchkeyEvent,
  type LatchkeyOptions,
  type PageTemplates,
  type Send,
  type SessionId,
  type Templates,
  UndeliverableMail,
} from 'latchkey';
import { nodeHandler } from 'latchkey/node';
import { z } from 'zod';

export function serverFor(auth: Latchkey): Server {
  const answer = nodeHandler(auth);
  return createServer((req, res) => answer(req, res, () => void showLesson(auth, req, res)));
}

async function showLesson(auth: Latchkey, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const who = await auth.authenticate(req);
  res.end(who.signedIn ? `Lesson one, for account ${who.account.id}` : `Please sign in: ${who.code}`);
}

/** Saves what somebody typed. A device that was displaced while they typed may still save, and nothing else. */
export async function saveLesson(auth: Latchkey, request: Request, keep: (account: number, text: string) => void) {
  const who = await auth.authenticate(request, { grace: true });
  const writer = who.signedIn ? who : (who.grace ?? who.respond());
  if (writer instanceof Response) return writer;
  keep(writer.account.id, await request.text());
  return new Response(null, { status: 204 });
}

type Socket = { close(code: number, reason: string): void };

/** Closes the socket of each session that ends. Returns how to stop. */
export function closeWithSessions(auth: Latchkey, sockets: ReadonlyMap<SessionId, Socket>): () => void {
  return auth.sessions.onEnded(({ sessionId, reason }) => sockets.get(sessionId)?.close(4001, reason));
}

/** How often each account was opened elsewhere while it was in use. */
export const takeovers = new Map<number, number>();

function onEvent(event: LatchkeyEvent): void {
  if (event.type !== 'signed_in' || event.displaced.length === 0) return;
  takeovers.set(event.account.id, (takeovers.get(event.account.id) ?? 0) + 1);
}

const school = new BlockList();
school.addSubnet('192.0.2.0', 24);

function placeOf(address: string): string | null {
  return school.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') ? 'At the school' : null;
}

const hooks: LatchkeyOptions['hooks'] = {
  beforeRegistration({ email, profile }) {
    const isSchool = email.endsWith('@school.example');
    return profile['plan'] === 'pupil' && !isSchool ? { email: ['Please use your address at the school.'] } : null;
  },
  placeOf,
};

const fields = z.object({
  plan: z.enum(['pupil', 'paid'], 'There is no such plan.'),
  newsletter: z.boolean().default(false),
});

const mailTemplates: Templates = {
  'reset-password': ({ username, link }, site) => ({
    subject: `A new password for ${site}`,
    text: `Hello ${username},\n\nchoose it here:\n${link}\n`,
    html: `<p>Hello ${username}, <a href="${link}">choose it here</a>.</p>`,
  }),
};

const pageTemplates: PageTemplates = {
  'sign-up-closed': (_, { site }) => html`<p>${site} is for our pupils. Ask your teacher for an invitation.</p>`,
};

/** The first page, which looks different to different people. */
export async function showFirstPage(auth: Latchkey, request: Request): Promise<Response> {
  return await auth.view(request, {
    signedOut: () => html`<p>Learn at home. <a href="/login/">Sign in</a></p>`,
    signedIn: ({ account }) => html`<p>Lesson one waits for you, ${account.username}.</p>`,
    roles: [['teacher', ({ account }) => html`<p>Your classes, ${account.username}.</p>`]],
  });
}

export function sendBy(service: string): Send {
  return async ({ to, from, subject, text, html, messageId }) => {
    const body = JSON.stringify({ to, from, subject, text, html, id: messageId });
    const answer = await fetch(service, { method: 'POST', body });
    if (answer.status === 422) throw new UndeliverableMail(await answer.text());
    if (!answer.ok) throw new Error(`The mail service answers ${answer.status}.`);
  };
}

export const options: LatchkeyOptions = {
  origin: 'https://courses.example',
  sessions: { limit: 2, idleDays: 7 },
  accounts: { registration: 'invited', signInBy: 'username_email' },
  onEvent,
  hooks,
  fields,
  mailTemplates,
  pageTemplates,
};

export async function inviteTeacher(auth: Latchkey, email: string): Promise<string> {
  const { link } = await auth.accounts.invite({ email, roles: ['teacher'] });
  return link;
}

/** Signs a shared account out everywhere, and tells on what it was used, and when last. */
export async function stopSharing(auth: Latchkey, username: string): Promise<readonly string[]> {
  const account = await auth.accounts.findByUsername(username);
  if (account === null) return [];
  const devices = await auth.sessions.list(account.id);
  await auth.sessions.endAll(account.id);
  return devices.map(({ device, seenAt }) => `${device.name}, ${new Date(seenAt).toISOString()}`);
}
