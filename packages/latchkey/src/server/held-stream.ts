/** An event stream on the connection itself: a `Response` with a stream costs half as much memory again, and `ServerResponse` a tenth. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { StartStream } from '../http/call.ts';
import type { Sink } from '../sessions/streams.ts';
import { systemClock } from '../stores/clock.ts';

/** Sends the head of an answer and begins its stream, which ends with the connection (RFC 9112, 6.3). */
export function beginStream(outgoing: ServerResponse, head: Response, start: StartStream): void {
  const { socket } = outgoing;
  if (socket === null || socket.destroyed) return;
  socket.write(headOf(head), 'latin1');
  socket.once('close', start(new ConnectionSink(socket)));
}

/** A class, for each stream has one: its methods are everybody's. */
class ConnectionSink implements Sink {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  waitingBytes(): number {
    return this.#socket.writableLength;
  }

  end(): void {
    this.#socket.end();
  }

  cut(): void {
    this.#socket.destroy();
  }
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
