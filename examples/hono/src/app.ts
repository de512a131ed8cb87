/** A course site with Hono: lessons play on one device of an account at a time. */
import { setInterval } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { type Code, type Latchkey, type LatchkeyOptions, SessionEnded, type SignedIn } from 'latchkey';

/** What is not said here comes from `LATCHKEY_*` variables, or is the default. */
export const options: LatchkeyOptions = { sessions: { limit: 1 } };

export function courses(auth: Latchkey) {
  const app = new Hono<{ Bindings: HttpBindings; Variables: { who: SignedIn } }>();

  // Mount: what is Latchkey's is answered by Latchkey. It counts attempts by the client's address.
  app.use(async (context, next) => {
    if (!auth.serves(context.req.path)) return await next();
    return await auth.handler(context.req.raw, { address: getConnInfo(context).remote.address ?? null });
  });

  // Tell why: in words, for people.
  app.get('/', async (context) => {
    const who = await auth.authenticate(context.req.raw);
    if (!who.signedIn) return context.text(inWords(who.code));
    const account = await auth.accounts.find(who.account.id);
    return context.text(`Welcome, ${account?.username}.`);
  });

  // Protect: nobody gets past here who is not signed in. The answer says why, for programs.
  app.use('/lessons/*', async (context, next) => {
    const who = await auth.authenticate(context.req.raw);
    if (!who.signedIn) return who.respond();
    context.set('who', who);
    return await next();
  });

  app.get('/lessons/:id', (context) => context.json({ lesson: context.req.param('id') }));

  app.post('/lessons/:id/done', (context) => {
    const { account } = context.get('who');
    return context.json({ lesson: context.req.param('id'), doneBy: account.id });
  });

  // Stream: `signal` fires at the moment the session ends, wherever that happens.
  app.get('/lessons/:id/play', (context) => {
    const { signal } = context.get('who');
    return streamSSE(context, async (stream) => {
      for await (const event of ticks(signal)) {
        if (stream.aborted) break;
        await stream.writeSSE(event);
      }
    });
  });

  return app;
}

const reasons: Partial<Record<Code, string>> = {
  session_displaced: 'Your account was opened on another device, so this one was signed out.',
  session_expired: 'You have been away for long: please sign in again.',
  password_changed: 'Your password was changed: please sign in with the new one.',
};

function inWords(code: Code): string {
  return reasons[code] ?? 'Please sign in.';
}

/** One a second for as long as the session lasts; the last event says why it is over. */
async function* ticks(signal: AbortSignal) {
  let second = 0;
  try {
    yield { event: 'tick', data: String(second) };
    for await (const _ of setInterval(1000, null, { signal })) yield { event: 'tick', data: String(++second) };
  } catch (error) {
    if (!(signal.reason instanceof SessionEnded)) throw error;
    yield { event: 'ended', data: signal.reason.code };
  }
}
