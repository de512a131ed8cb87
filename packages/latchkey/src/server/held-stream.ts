/** An event stream on the connection itself: a `Response` with a stream costs half as much memory again, and `ServerResponse` a tenth. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { StartStream } from '../http/call.ts';
import { systemClock } from '../stores/clock.ts';

/** Sends the head of an answer and begins its stream, which ends with the connection (RFC 9112, 6.3). */
export function beginStream(outgoing: ServerResponse, head: Response, start: StartStream): void {
  const { socket } = outgoing;
  if (socket === null || socket.destroyed) return;
  socket.write(headOf(head), 'latin1');
  const gone = start({
    write: (bytes) => void socket.write(bytes),
    waitingBytes: () => socket.writableLength,
    end: () => void socket.end(),
    cut: () => void socket.destroy(),
  });
  socket.once('close', gone);
}

function headOf({ status, headers }: Response): string {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Date: ${new Date(systemClock()).toUTCString()}`,
    'Connection: close',
  ];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
