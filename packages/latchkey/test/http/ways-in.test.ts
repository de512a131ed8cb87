/**
 * Every route and every page is asked, as somebody asks who means it: those by which somebody comes in go by the door, and all others
 * open nothing. A new one that is not named fails; and so does one that opens a session beside the door.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { drfTokenRoute, routes } from '../../src/http/routes.ts';
import type { WhenFull } from '../../src/model/admission.ts';
import { pageRoutes, pageRoutesBelow } from '../../src/pages/app.ts';
import { CLIENT, standIn } from '../social/stand-in.ts';
import { type Answer, memberOf, PASSWORD, testServer } from './serving.ts';
import * as opening from './ways/opening.ts';
import * as quiet from './ways/quiet.ts';
import { type Open, SAME_SITE, type Way } from './ways/way.ts';

/** How a way is called, without by what. */
const routeOf = (name: string): string => name.replace(/ \(.*\)$/, '');

type Routes = readonly { readonly path: string; readonly methods: object }[];

function namesOf(all: Routes, isMeant: (method: string) => boolean): readonly string[] {
  return all.flatMap(({ path, methods }) =>
    Object.keys(methods)
      .filter(isMeant)
      .map((method) => `${method} ${path}`),
  );
}

const isChange = (method: string): boolean => method !== 'GET';

test('F-13: every route and page that changes something is named here', () => {
  const named = (...tables: readonly object[]): readonly string[] =>
    [...new Set(tables.flatMap((table) => Object.keys(table)).map(routeOf))].toSorted();
  assert.deepEqual(
    named(opening.ROUTES, quiet.ROUTES, quiet.TOKEN_ROUTES),
    namesOf([...routes, drfTokenRoute], isChange).toSorted(),
  );
  assert.deepEqual(named(opening.PAGES, quiet.PAGES), namesOf(pageRoutes, isChange).toSorted());
  const below = [...namesOf(pageRoutesBelow, isChange), 'GET /social/:provider/callback'];
  assert.deepEqual(named(opening.PAGES_BELOW, quiet.PAGES_BELOW), below.toSorted());
});

type Row = { readonly id: string; readonly account_id: number };

/** A server where Ann has one place and is in, unless it is said otherwise; what the host is told of sign-ins is noted. */
async function withAnn(
  work: (open: Open & { readonly told: readonly string[] }) => Promise<void>,
  {
    demandedOf = ['admin'],
    isIn = true,
    whenFull = 'displace',
    use = false,
  }: {
    readonly demandedOf?: 'everybody' | readonly string[];
    readonly isIn?: boolean;
    readonly whenFull?: WhenFull;
    /** Whether answers carry tokens in place of a key. */
    readonly use?: boolean;
  } = {},
): Promise<void> {
  const told: string[] = [];
  await using provider = await standIn();
  await using server = await testServer({
    sessions: { limit: 1, whenFull },
    accounts: { signInByMail: true },
    secondStep: { demandedOf },
    jwt: { use, httpOnly: false },
    social: { providers: { acme: { issuer: provider.url, ...CLIENT } } },
    onEvent: (event) => void (event.type === 'signed_in' && told.push(event.session.id)),
  });
  const email = 'ann@example.com';
  await server.auth.accounts.create({ username: 'ann', email, emailVerified: true, password: PASSWORD });
  const key = isIn ? await server.signIn('ann') : '';
  await work({ server, username: 'ann', key, provider, told });
}

const rowsOf = ({ server }: Open, where = ''): readonly Row[] =>
  server.rows(`SELECT id, account_id FROM session ${where}`) as unknown as readonly Row[];

const liveOf = (open: Open): readonly Row[] => rowsOf(open, 'WHERE ended_at IS NULL');

const idsOf = (open: Open): readonly string[] =>
  rowsOf(open)
    .map(({ id }) => id)
    .toSorted();

function each(tables: Readonly<Record<string, Readonly<Record<string, Way>>>>, run: (name: string, way: Way) => void) {
  for (const [what, ways] of Object.entries(tables)) {
    describe(`F-13, L7, P5: by the ${what}`, () => {
      for (const [name, way] of Object.entries(ways)) run(name, way);
    });
  }
}

/** What has to be set for a route or page to be there: where one may choose whose place to take, and where one is let in. */
function whenFullFor(name: string): 'displace' | 'ask' | 'approve' {
  if (name.includes('/login/choose')) return 'ask';
  return /approval/.test(name) ? 'approve' : 'displace';
}

const OPENING = { routes: opening.ROUTES, pages: opening.PAGES, 'pages below': opening.PAGES_BELOW };

each(OPENING, (name, way) => {
  test(`${name} goes by the door: the limit holds, and the host hears of each session`, () =>
    withAnn(
      async (open) => {
        const request = await way(open);
        const before = rowsOf(open).length;
        const { status, text } = await request();
        assert.ok(status < 400, text);
        assert.equal(rowsOf(open).length, before + 1, 'one session was opened');
        assert.deepEqual(idsOf(open), open.told.toSorted());
        const live = liveOf(open);
        assert.equal(new Set(live.map(({ account_id }) => account_id)).size, live.length, 'one for each account');
      },
      { whenFull: whenFullFor(name) },
    ));
});

each({ routes: quiet.ROUTES, pages: quiet.PAGES, 'pages below': quiet.PAGES_BELOW }, (name, way) => {
  test(`${name} does what it is for, and opens nothing`, () =>
    withAnn(
      async (open) => {
        const request = await way(open);
        const before = idsOf(open);
        const { status, text } = await request();
        assert.ok(status < 400, `${status} ${text}`);
        assert.deepEqual(idsOf(open), before);
      },
      { whenFull: whenFullFor(name) },
    ));
});

for (const [name, way] of Object.entries(quiet.TOKEN_ROUTES)) {
  test(`F-13, F-15: ${name} does what it is for, and opens nothing`, () =>
    withAnn(
      async (open) => {
        const request = await way(open);
        const before = idsOf(open);
        assert.equal((await request()).status, 200);
        assert.deepEqual(idsOf(open), before);
        assert.equal(before.length, 1);
      },
      { isIn: false, use: true },
    ));
}

/** Where one only looks: but for those that come back from a provider, and for what JWT mode alone has. */
const LOOKED_AT: readonly (readonly [path: string, base: string])[] = [
  ...[...routes, drfTokenRoute].map((route) => [route, '/auth'] as const),
  ...pageRoutes.map((route) => [route, ''] as const),
  ...pageRoutesBelow.map((route) => [route, '/auth'] as const),
].flatMap(([route, base]) =>
  'GET' in route.methods && !['/social/:provider/callback', '/jwks.json/', '/ended-sessions/'].includes(route.path)
    ? [[route.path, base] as const]
    : [],
);

/** As nobody, as an app, and as a browser. */
async function look(open: Open, path: string, base: string): Promise<void> {
  const arranged = quiet.LOOKS[path];
  assert.ok(arranged !== undefined || !path.includes(':'), 'what stands in its place is said in ways/quiet.ts');
  const { path: filled, cookie = '' } = arranged === undefined ? { path } : await arranged(open);
  // Who has half of a sign-in to show is in with nothing, and looks all the same.
  const isHalf = cookie.includes('latchkey-ticket');
  const key = isHalf || (await open.server.isLive(open.key)) ? open.key : await open.server.signIn('ann');
  const before = idsOf(open);
  const at = filled.startsWith('/auth') ? filled : base + filled;
  for (const visitor of [
    { cookie },
    { cookie, authorization: `Token ${key}` },
    { cookie: `${cookie}; latchkey=${key}` },
  ]) {
    const { status } = await open.server.ask(at, { headers: { ...SAME_SITE, ...visitor } });
    assert.ok(status !== 404 && status < 500, `${status} at ${at}`);
  }
  assert.deepEqual(idsOf(open), before);
}

describe('F-13, E2: by looking nobody comes in, with whatever good link they look', () => {
  for (const [path, base] of LOOKED_AT) {
    const whenFull = whenFullFor(path);
    test(`GET ${base}${path}`, () => withAnn((open) => look(open, path, base), { whenFull }));
  }
});

/** What proves one thing. */
const FIRST_STEPS: Readonly<Record<string, Way | undefined>> = Object.fromEntries(
  [
    'POST /login/',
    'POST /signin/',
    'POST /api/token/',
    'POST /registration/',
    'POST /social/:provider/',
    'POST /magic-link/confirm/',
    'POST /login (password)',
    'POST /login/mail',
    'GET /social/:provider/callback',
  ].map((name) => [name, opening.ROUTES[name] ?? opening.PAGES[name] ?? opening.PAGES_BELOW[name]]),
);

test('P7, H6: where a second step is demanded of everybody, no first proof opens a session, a registration neither', () =>
  withAnn(
    async (open) => {
      for (const [name, way] of Object.entries(FIRST_STEPS)) {
        assert.ok(way !== undefined, name);
        await (await way(open))();
        assert.deepEqual([open.told, idsOf(open)], [[], []], name);
      }
      assert.ok((await open.server.auth.accounts.findByUsername('new-ann')) !== null);
    },
    { demandedOf: 'everybody', isIn: false },
  ));

/** They make an account, which is never full; or a step is newly demanded, or a session disowned, which signs everybody out. */
const hasPlace = (name: string): boolean =>
  ['POST /registration/', 'POST /signup'].includes(name) ||
  name.endsWith('(an app that is set up)') ||
  name.endsWith('(after a session was disowned)') ||
  /second-step.*\(passkey\)$/.test(name);

/** By the API, whoever asks for a place gets one for the session that they choose. */
async function assertChosen({ server, key }: Open, { body }: Answer, inside: readonly Row[]): Promise<void> {
  const chosen = { ticket: memberOf(body, 'ticket'), end: inside.map(({ id }) => id) };
  const done = await server.post('/auth/login/choose/', chosen);
  assert.deepEqual([done.status, await server.isLive(memberOf(done.body, 'key'))], [200, true]);
  assert.equal(await server.isLive(key), false);
}

/** The same, once one who is in has said so. */
async function assertLetIn({ server, key }: Open, { body }: Answer): Promise<void> {
  const ticket = memberOf(body, 'ticket');
  const [asked] = (await server.ask('/auth/approvals/', { key })).body as readonly { readonly id: string }[];
  assert.equal((await server.post('/auth/login/approval/', { ticket })).status, 409);
  assert.equal((await server.post(`/auth/approvals/${asked?.id}/approve/`, {}, { key })).status, 204);
  const done = await server.post('/auth/login/approval/', { ticket });
  assert.deepEqual([done.status, await server.isLive(memberOf(done.body, 'key'))], [200, true]);
  assert.equal(await server.isLive(key), false);
}

describe('F-25: where nobody goes for a newcomer', () => {
  each(OPENING, (name, way) => {
    if (whenFullFor(name) !== 'displace' || hasPlace(name)) return;
    const isRoute = name in opening.ROUTES;

    test(`${name} says that there is no place, and nobody comes or goes`, () =>
      withAnn(
        async (open) => {
          const request = await way(open);
          const before = liveOf(open);
          const { status, headers, body } = await request();
          assert.deepEqual([status, headers.get('latchkey-reason')], [409, 'limit_reached']);
          if (isRoute) assert.deepEqual(Object.keys(body ?? {}), ['detail', 'code']);
          assert.deepEqual(liveOf(open), before);
        },
        { whenFull: 'refuse' },
      ));

    test(`${name} leads to whose place may be taken, and nobody comes or goes until then`, () =>
      withAnn(
        async (open) => {
          const request = await way(open);
          const before = liveOf(open);
          const answer = await request();
          assert.deepEqual(liveOf(open), before);
          if (isRoute) {
            assert.deepEqual([answer.status, memberOf(answer.body, 'code')], [409, 'choose_session']);
            await assertChosen(open, answer, before);
          } else {
            assert.equal(answer.headers.get('location')?.replace(/[?].*/, ''), '/login/choose/');
          }
        },
        { whenFull: 'ask' },
      ));

    test(`${name} leads to who may let it in, and nobody comes or goes until then`, () =>
      withAnn(
        async (open) => {
          const request = await way(open);
          const before = liveOf(open);
          const answer = await request();
          assert.deepEqual(liveOf(open), before);
          if (isRoute) {
            assert.deepEqual([answer.status, memberOf(answer.body, 'code')], [409, 'approval_required']);
            await assertLetIn(open, answer);
          } else {
            assert.equal(answer.headers.get('location')?.replace(/[?].*/, ''), '/login/approval/');
          }
        },
        { whenFull: 'approve' },
      ));
  });
});
