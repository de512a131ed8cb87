/** A request of which the server has the beginning, and gets the rest when the test says so. */
import { once } from 'node:events';
import { connect } from 'node:net';

export type HalfSent = {
  /** Sends the rest, and returns all that the server answers until it closes the connection. */
  finish(): Promise<string>;
  /** All that the server has answered when it closes the connection. */
  readonly answer: Promise<string>;
};

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

export async function sendHalf(url: string, path: string, json: object): Promise<HalfSent> {
  const { hostname, port } = new URL(url);
  const body = JSON.stringify(json);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    // By its answer to this the server says that the request is under way.
    'Expect: 100-continue',
    'Connection: close',
    '',
    '',
  ].join('\r\n');
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1').replace(CONTINUE, '');
  });
  socket.on('error', () => undefined);
  // What was answered until then counts, however the connection ends.
  const answer = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  socket.write(head + body.slice(0, 5));
  await once(socket, 'data');
  return {
    answer,
    async finish() {
      socket.write(body.slice(5));
      return await answer;
    },
  };
}

/** Waits until nobody listens there any more. */
export async function untilRefused(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  for (;;) {
    const socket = connect(Number(port), hostname);
    // One that waits to be accepted when the server stops is opened, and then reset.
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.destroy();
    if (!isOpen) return;
  }
}
