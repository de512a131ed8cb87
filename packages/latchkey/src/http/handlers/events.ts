import type { Refused } from '../../sessions/verify.ts';
import { empty } from '../answers.ts';
import { refuseCredential } from '../authenticate.ts';
import type { Call, FollowingCall, StartStream } from '../call.ts';
import { bodyOfStream, ended, hello, type Told, toldBy, words } from '../event-stream.ts';

/**
 * What becomes of a session, as it happens. Whoever asks with the credential of one that has ended is told of that, and no
 * more; who was told already gets 204, which stops an `EventSource`.
 */
export async function follow(call: FollowingCall): Promise<Response> {
  const { parts, authenticated, request, headers, hold } = call;
  const told = toldBy(request.headers.get('last-event-id'));
  if (!authenticated.live) {
    const { refusal } = authenticated;
    if (refusal.kind !== 'dead') throw new Error('A stream was asked for by nobody.');
    return final(call, refusal.refused, refusal.via, told);
  }
  const { checked, via, until } = authenticated;
  const { session, token } = checked;
  const forMs = until === null ? null : until - checked.now;
  const opening = await parts.streams.open({ session, token, told: told.position, words: words[via], forMs });
  if (opening.kind === 'over') return final(call, opening.refused, via, told);
  const first = hello(session.id, opening, parts.settings.events.heartbeatMs);
  const start: StartStream = (sink) => opening.start(sink, first);
  hold?.(start);
  return new Response(hold === null ? bodyOfStream(start) : null, { headers: { ...headers, ...STREAM_HEADERS } });
}

type Via = 'header' | 'cookie';

/** The end of a session for whoever asks after it: one read of the store, nothing that stays open, nothing that is counted. */
function final(call: Call, refused: Refused, via: Via, told: Told): Response {
  if (refused.sessionId === null) return refuseCredential(call, { kind: 'dead', refused, via });
  const { headers } = call;
  if (told.over === refused.sessionId) return empty(204, headers);
  const body = ended(refused, via, told.position ?? 0);
  return new Response(Buffer.from(body), { headers: { ...headers, ...STREAM_HEADERS } });
}

/** Neither kept nor gathered nor packed on the way: nginx obeys the last. */
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};
