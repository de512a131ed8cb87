/** An event stream on the response of `node:http` itself: a `Response` with a stream costs half as much memory again. */
import type { ServerResponse } from 'node:http';
import type { StartStream } from '../http/call.ts';

/** Sends the head of an answer and begins its stream. */
export function beginStream(outgoing: ServerResponse, head: Response, start: StartStream): void {
  outgoing.writeHead(head.status, Object.fromEntries(head.headers));
  const gone = start({
    write: (bytes) => void outgoing.write(bytes),
    waitingBytes: () => outgoing.writableLength,
    end: () => void outgoing.end(),
    cut: () => void outgoing.destroy(),
  });
  if (outgoing.destroyed) gone();
  else outgoing.once('close', gone);
}
