import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import express, { type Express } from 'express';
import type { Latchkey } from 'latchkey';
import { nodeHandler } from 'latchkey/node';
import { browserAt, PASSWORD, type Running, theCoursesBehave, theReadmeIsRight, withCourses } from '../behaviour.ts';
import { courses, options } from './src/app.ts';

async function running(app: Express): Promise<Running> {
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Latchkey below a path of the host, which has routes of its own there. */
function below(auth: Latchkey): Express {
  const app = express();
  app.use(express.json());
  app.use('/accounts', nodeHandler(auth));
  app.get('/accounts/terms', (req, res) => {
    res.json({ url: req.url, originalUrl: req.originalUrl });
  });
  return app;
}

/** A host that lets nothing of a request's body over: there is nothing to wait for. */
function thirsty(auth: Latchkey): Express {
  const app = express();
  app.use(async (req, _res, next) => {
    req.resume();
    await once(req, 'end');
    next();
  });
  app.use(nodeHandler(auth));
  return app;
}

/** What `fetch` refuses to send, other clients do. */
async function statusWithBody(url: string, method: string): Promise<number | undefined> {
  const asked = request(url, { method, headers: { 'content-type': 'application/json', 'content-length': 7 } });
  asked.end('{"a":1}');
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

describe('the courses with Express', () => {
  theCoursesBehave((auth) => running(courses(auth)), options);
  theReadmeIsRight(new URL('./README.md', import.meta.url).pathname);

  test('of a form’s fields of one name the last counts, parsed by the host or not', async () => {
    await withCourses(
      (auth) => running(courses(auth)),
      options,
      async (url) => {
        const twice = new URLSearchParams([
          ['username', 'nobody'],
          ['username', 'ann'],
          ['password', PASSWORD],
        ]);
        assert.equal((await fetch(`${url}/auth/login/`, { method: 'POST', body: twice })).status, 200);
      },
    );
  });

  test('a body that a GET brings along is nobody’s, parsed by the host or not', async () => {
    await withCourses(
      (auth) => running(courses(auth)),
      options,
      async (url) => {
        for (const method of ['GET', 'HEAD']) assert.equal(await statusWithBody(`${url}/auth/user/`, method), 401);
      },
    );
  });

  test('mounted below a path, both have their own there', async () => {
    await withCourses(
      (auth) => running(below(auth)),
      { ...options, basePath: '/accounts/auth' },
      async (url) => {
        const json = { username: 'ann', password: PASSWORD };
        assert.equal((await browserAt(url).post('/accounts/auth/login/', { json })).status, 200);
        const terms = await browserAt(url).get('/accounts/terms');
        assert.deepEqual(await terms.json(), { url: '/accounts/terms', originalUrl: '/accounts/terms' });
        assert.equal((await browserAt(url).post('/auth/login/', { json })).status, 404);
      },
    );
  });

  test('a body that the host has swallowed is an empty one: nothing waits for it', async () => {
    await withCourses(
      (auth) => running(thirsty(auth)),
      options,
      async (url) => {
        const json = { username: 'ann', password: PASSWORD };
        const answer = await browserAt(url).post('/auth/login/', { json });
        assert.equal(answer.status, 400);
        assert.deepEqual(await answer.json(), { password: ['This field is required.'] });
      },
    );
  });
});
