import { connect as connectSocket } from 'node:net';

/** A connection that is kept: one request at a time, as a browser or an app sends them. */
export type Connection = {
  /** Resolves to the status of the answer, once all of it is there. */
  send(request: string): Promise<number>;
  close(): void;
};

const HEAD_ENDS = '\r\n\r\n';
const LAST_CHUNK = '\r\n0\r\n\r\n';

export async function connect(port: number): Promise<Connection> {
  const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.setEncoding('latin1');
  let received = '';
  let waiting: PromiseWithResolvers<number> | null = null;
  let isClosing = false;

  const fail = (error: Error): void => {
    if (isClosing) return;
    if (waiting === null) isClosing = true;
    else waiting.reject(error);
  };
  socket.on('data', (text: string) => {
    received += text;
    if (!isWhole(received)) return;
    const status = Number(received.slice(9, 12));
    received = '';
    const answered = waiting;
    waiting = null;
    answered?.resolve(status);
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The server closed the connection.')));

  return {
    send(request) {
      if (isClosing) throw new Error('The server closed the connection.');
      waiting = Promise.withResolvers();
      socket.write(request, 'latin1');
      return waiting.promise;
    },
    close() {
      isClosing = true;
      socket.destroy();
    },
  };
}

/** Is all of an answer there? Its length stands in its head, or it comes in chunks. */
function isWhole(answer: string): boolean {
  const headEnds = answer.indexOf(HEAD_ENDS);
  if (headEnds < 0) return false;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(answer) ?? [];
  if (length !== undefined) return answer.length >= headEnds + HEAD_ENDS.length + Number(length);
  return answer.endsWith(LAST_CHUNK);
}

/** A request as a client sends it; what differs from one to the next stands where `fill` goes, and is of one length. */
export type Pattern = { readonly before: string; readonly after: string };

export function getPattern(path: string): Pattern {
  return { before: `GET ${path} HTTP/1.1\r\n${COMMON}`, after: HEAD_ENDS };
}

/** A JSON body around the fill, which is `fillLength` letters long. */
export function postPattern(path: string, [before, after]: readonly [string, string], fillLength: number): Pattern {
  const length = before.length + fillLength + after.length;
  const head = `POST ${path} HTTP/1.1\r\n${COMMON}Content-Type: application/json\r\nContent-Length: ${length}`;
  return { before: head + HEAD_ENDS + before, after };
}

const COMMON =
  'Host: accounts.example\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0.0.0\r\nAccept: application/json\r\n';
