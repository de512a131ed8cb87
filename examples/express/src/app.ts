/** A course site with Express: lessons play on one device of an account at a time. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setInterval } from 'node:timers/promises';
import express, { type Express, type Response } from 'express';
import { type Code, type Latchkey, type LatchkeyOptions, SessionEnded, type SignedIn, type SignedOut } from 'latchkey';
import { nodeHandler } from 'latchkey/node';

/** What is not said here comes from `LATCHKEY_*` variables, or is the default. */
export const options: LatchkeyOptions = { sessions: { limit: 1 } };

type Answer = Response<unknown, { who: SignedIn }>;

export function courses(auth: Latchkey): Express {
  const app = express();
  app.use(express.json(), express.urlencoded());

  // Mount: what is Latchkey's is answered by Latchkey, the rest goes on. That bodies were parsed before does no harm.
  app.use(nodeHandler(auth));

  // Tell why: in words, for people.
  app.get('/', async (req, res) => {
    const who = await auth.authenticate(req);
    const account = who.signedIn ? await auth.accounts.find(who.account.id) : null;
    res.type('text').send(who.signedIn ? `Welcome, ${account?.username}.` : inWords(who.code));
  });

  // Protect: nobody gets past here who is not signed in. The answer says why, for programs.
  app.use('/lessons', async (req, res: Answer, next) => {
    const who = await auth.authenticate(req);
    if (!who.signedIn) return await refuse(res, who);
    res.locals.who = who;
    return next();
  });

  app.get('/lessons/:id', (req, res) => {
    res.json({ lesson: req.params.id });
  });

  app.post('/lessons/:id/done', (req, res: Answer) => {
    res.json({ lesson: req.params.id, doneBy: res.locals.who.account.id });
  });

  // Stream: `signal` fires at the moment the session ends, wherever that happens.
  app.get('/lessons/:id/play', async (_req, res: Answer) => {
    res.type('text/event-stream');
    await pipeline(Readable.from(ticks(res.locals.who.signal)), res).catch(ignoreLeaving);
  });

  return app;
}

async function refuse(res: Response, who: SignedOut): Promise<void> {
  const answer = who.respond();
  res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
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
    yield `event: tick\ndata: ${second}\n\n`;
    for await (const _ of setInterval(1000, null, { signal })) yield `event: tick\ndata: ${++second}\n\n`;
  } catch (error) {
    if (!(signal.reason instanceof SessionEnded)) throw error;
    yield `event: ended\ndata: ${signal.reason.code}\n\n`;
  }
}

/** A viewer who closes the page ends the stream in the middle, which is no fault. */
function ignoreLeaving(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
}
