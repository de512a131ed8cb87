/** Requests of the driver, with the times at which they were sent and answered. */
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Outcome, Span } from './history.ts';

export type Asked = {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
  /** Of the key that the token is bound to, or is to be: shown as RFC 9449 has it. */
  readonly proof?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Answered = Span & {
  /** null where no answer came. */
  readonly status: number | null;
  /** The code of a refusal. */
  readonly reason: string | null;
  readonly body: unknown;
  /** What the next proof is to have in it, where the answer says so. */
  readonly nonce: string | null;
  /** Whether nobody was there to be asked: then nothing can have come of it. */
  readonly isUnsent: boolean;
};

/** A way to one port. Each has connections of its own, so that a node that stands still holds up no request to another. */
export type Line = {
  ask(asked: Asked): Promise<Answered>;
  close(): void;
};

const ANSWERED_WITHIN_MS = 6_000;
/** Less than servers leave a connection open that nobody uses: what they are about to close is not used again. */
const UNUSED_MS = 3_000;

export function lineTo(port: number): Line {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: UNUSED_MS });
  return {
    ask: (asked) => send(agent, port, asked),
    close: () => agent.destroy(),
  };
}

function send(agent: Agent, port: number, { method, path, body, token, proof, headers }: Asked): Promise<Answered> {
  const written = body === undefined ? null : JSON.stringify(body);
  return new Promise((resolve) => {
    let called = performance.now();
    const answered = (given: Partial<Answered>): void => {
      clearTimeout(deadline);
      const nothing = { status: null, reason: null, body: null, nonce: null, isUnsent: false };
      resolve({ ...nothing, ...given, called, returned: performance.now() });
    };
    const req = request({
      agent,
      host: '127.0.0.1',
      port,
      path,
      method: method ?? (written === null ? 'GET' : 'POST'),
      headers: {
        ...headers,
        ...(token !== undefined && { authorization: `${proof === undefined ? 'Token' : 'DPoP'} ${token}` }),
        ...(proof !== undefined && { dpop: proof }),
        ...(written !== null && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(written) }),
      },
    });
    const deadline = setTimeout(() => req.destroy(new Error('No answer in time.')), ANSWERED_WITHIN_MS);
    req.on('error', (error) => answered({ isUnsent: 'code' in error && error.code === 'ECONNREFUSED' }));
    req.on('response', (res) => {
      const chunks: string[] = [];
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => chunks.push(chunk));
      res.on('error', () => answered({}));
      res.on('end', () => {
        const status = res.statusCode ?? null;
        const [reason, nonce] = [headerIn(res, 'latchkey-reason'), headerIn(res, 'dpop-nonce')];
        answered({ status, reason, nonce, body: parsed(chunks.join('')) });
      });
    });
    called = performance.now();
    req.end(written);
  });
}

function headerIn({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Answers of 5xx that are given before anything is done. */
const UNTOUCHED = new Set(['busy', 'rule_mismatch']);

/** Whether it happened, as far as the answer tells. */
export function outcomeOf({ status, reason, isUnsent }: Answered): Outcome {
  if (isUnsent || (reason !== null && UNTOUCHED.has(reason))) return 'refused';
  if (status === null || status >= 500) return 'unknown';
  return status < 400 ? 'done' : 'refused';
}
