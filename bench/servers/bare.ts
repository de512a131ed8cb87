/** The floors: the answer without a check, from `node:http` alone and from Hono alone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { ready } from '../harness/answers.ts';
import { answerFor, HEADERS, PATH } from './answer.ts';

const ACCOUNT = 7;

if (process.argv[2] === 'hono') {
  const app = new Hono().get(PATH, (context) => context.json(answerFor(ACCOUNT)));
  serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => ready(port));
} else {
  const server = createServer((_, response) => {
    const body = JSON.stringify(answerFor(ACCOUNT));
    const length = Buffer.byteLength(body);
    response.writeHead(200, { ...HEADERS, 'content-type': 'application/json', 'content-length': length }).end(body);
  });
  server.listen(0, '127.0.0.1', () => ready((server.address() as AddressInfo).port));
}
