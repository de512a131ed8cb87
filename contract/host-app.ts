/** The recorded project's own pages, in a small host application over the library's public face. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Latchkey } from 'latchkey';
import { nodeHandler } from 'latchkey/node';

const WHOAMI = '/api/whoami/';
const METHODS = 'GET, POST, HEAD, OPTIONS';
const HEADERS = { 'X-Frame-Options': 'DENY', 'X-Content-Type-Options': 'nosniff' } as const;

type Answer = { readonly status: number; readonly type: string; readonly body: string };

/** One server for a whole run, with whatever instance is on at the time. */
export class Host {
  readonly #server: Server;
  #handle: (req: IncomingMessage, res: ServerResponse) => void = (_, res) => void res.writeHead(503).end();

  private constructor() {
    this.#server = createServer((req, res) => this.#handle(req, res));
  }

  /** Listens at a free port of this machine. */
  static async listen(): Promise<Host> {
    const host = new Host();
    await new Promise<void>((resolve) => host.#server.listen(0, '127.0.0.1', resolve));
    return host;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  mount(auth: Latchkey): void {
    this.#handle = hostApp(auth);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function hostApp(auth: Latchkey): (req: IncomingMessage, res: ServerResponse) => void {
  const latchkey = nodeHandler(auth);
  return (req, res) => {
    const path = (req.url ?? '/').split('?')[0];
    if (path === '/api/whoami' || path === '/home') return redirect(res, `${path}/`);
    if (path !== WHOAMI && path !== '/home/' && path !== '/') return latchkey(req, res);
    const answered = path === WHOAMI ? whoami(auth, req, res) : home(auth, req, res);
    answered.catch((error: unknown) => {
      console.error(error);
      res.writeHead(500).end();
    });
  };
}

function redirect(res: ServerResponse, location: string): void {
  const type = 'text/html; charset=utf-8';
  res.writeHead(301, { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff', Location: location }).end();
}

/** What a Django view for the signed-in answers, step by step in Django REST framework's order. */
async function whoami(auth: Latchkey, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/' } = req;
  const format = new URL(url, 'http://host').searchParams.get('format');
  if (format !== null && format !== 'json' && format !== 'api') return answer(res, 404, { detail: 'Not found.' });
  if (!isTaken(req.headers.accept)) {
    return answer(res, 406, { detail: 'Could not satisfy the request Accept header.' });
  }
  const who = await auth.authenticate(asRequest(req));
  if (!who.signedIn) return await pass(who.respond(), res);
  if (method === 'OPTIONS') return answer(res, 200, DESCRIPTION);
  if (!/^(?:GET|HEAD|POST)$/.test(method)) return answer(res, 405, { detail: `Method "${method}" not allowed.` });
  const account = await auth.accounts.find(who.account.id);
  answer(res, 200, { pk: who.account.id, username: account?.username });
}

const DESCRIPTION = {
  name: 'Who Am I',
  description: '',
  renders: ['application/json', 'text/html'],
  parses: ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'],
};

function isTaken(accept: string | undefined): boolean {
  return accept === undefined || accept === '' || /\*\/\*|application\/(?:json|\*)|text\/(?:html|\*)/.test(accept);
}

/** A page that looks at the browser's session alone, whatever key comes beside it. */
async function home(auth: Latchkey, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { authorization: _, ...headers } = req.headers;
  const who = await auth.authenticate(new Request(`http://host${req.url}`, { headers: plain(headers) }));
  const account = who.signedIn ? await auth.accounts.find(who.account.id) : null;
  send(res, { status: 200, type: 'text/plain', body: `home of ${account?.username ?? 'anonymous'}` });
}

function asRequest(req: IncomingMessage): Request {
  return new Request(`http://host${req.url}`, { method: req.method ?? 'GET', headers: plain(req.headers) });
}

function plain(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

async function pass(response: Response, res: ServerResponse): Promise<void> {
  res.writeHead(response.status, { ...Object.fromEntries(response.headers), Allow: METHODS });
  res.end(await response.text());
}

function answer(res: ServerResponse, status: number, body: object): void {
  res.setHeader('Allow', METHODS);
  send(res, { status, type: 'application/json', body: JSON.stringify(body) });
}

function send(res: ServerResponse, { status, type, body }: Answer): void {
  res.writeHead(status, { ...HEADERS, 'Content-Type': type }).end(body);
}
