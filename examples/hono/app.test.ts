import { describe } from 'node:test';
import { serve } from '@hono/node-server';
import { type Running, theCoursesBehave, theReadmeIsRight } from '../behaviour.ts';
import { courses, options } from './src/app.ts';

describe('the courses with Hono', () => {
  theCoursesBehave(async (auth): Promise<Running> => {
    const { promise: listening, resolve } = Promise.withResolvers<number>();
    const server = serve({ fetch: courses(auth).fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => resolve(port));
    return {
      url: `http://127.0.0.1:${await listening}`,
      stop: () => new Promise((stopped) => void server.close(() => stopped())),
    };
  }, options);
  theReadmeIsRight(new URL('./README.md', import.meta.url).pathname);
});
