/** Replays one transcript against one instance, and says where it was otherwise than it should be. */
import { type Expected, recordedAnswer } from './answer.ts';
import { askedBy } from './asked.ts';
import { callerOf } from './caller.ts';
import { compare, type Difference, type Outcome } from './compare.ts';
import { follow } from './consequences.ts';
import { ruled } from './departures/table.ts';
import type { Host } from './host-app.ts';
import { type Hash, type Instance, openInstance } from './instance.ts';
import { isObject } from './json.ts';
import { Placeholders } from './placeholders.ts';
import { type Profile, profileOf } from './profile.ts';
import type { RecordedStep } from './recording.ts';
import type { Replayable } from './scope.ts';
import type { Situation } from './situation.ts';
import { type Sent, toSend, type Wire } from './wire.ts';
import { World } from './world.ts';

export type Failure = {
  /** Counted from 1. */
  readonly step: number;
  readonly request: string;
  readonly differences: readonly Difference[];
};

export type Result = {
  /** The rules by which it departed, each once; empty where everything was as recorded. */
  readonly departures: readonly string[];
  /** The first step that failed: what comes after it could not but fail, too. */
  readonly failure: Failure | null;
};

/** What a recording of a step says to what came of it. */
export type Judgement = {
  readonly situation: Situation;
  readonly expected: Expected;
  readonly departures: readonly string[];
  readonly differences: readonly Difference[];
};

/** Told of every step, before it has its consequences: another recording may be held against what came of it. */
export type Witness = (step: RecordedStep, index: number, judge: (other: RecordedStep) => Judgement) => void;

export type Stage = { readonly host: Host; readonly wire: Wire; readonly hash: Hash };

type Play = {
  readonly profile: Profile;
  readonly instance: Instance;
  readonly placeholders: Placeholders;
  readonly world: World;
  readonly wire: Wire;
  /** Such as `127.0.0.1:40123`. */
  readonly host: string;
};

export async function replay(
  { transcript, env }: Replayable,
  stage: Stage,
  witness: Witness = () => undefined,
): Promise<Result> {
  const profile = profileOf(env);
  const host = `127.0.0.1:${stage.host.port}`;
  const { users, providers } = transcript;
  const instance = await openInstance(users, { profile, origin: `http://${host}`, hash: stage.hash, providers });
  try {
    stage.host.mount(instance.auth);
    const world = new World(users, profile, providers);
    const placeholders = new Placeholders();
    const play = { profile, instance, world, host, wire: stage.wire, placeholders };
    return await playAll(transcript.steps, play, witness);
  } finally {
    await instance.close();
  }
}

async function playAll(steps: readonly RecordedStep[], play: Play, witness: Witness): Promise<Result> {
  const departures = new Set<string>();
  for (const [index, step] of steps.entries()) {
    await meanwhile(step, steps[index - 1] ?? null, play);
    const sent = toSend(step, play);
    const outcome = await outcomeOf(sent, play);
    witness(step, index, (other) =>
      judge(other, { sent, outcome }, { ...play, placeholders: play.placeholders.copy() }),
    );
    const judgement = judge(step, { sent, outcome }, play);
    for (const id of judgement.departures) departures.add(id);
    const differences = [...judgement.differences];
    if (differences.length === 0) {
      follow({ ...judgement, outcome, cookie: sent.cookie });
      differences.push(...(await compareSessions(play)));
    }
    const request = `${step.request.method} ${step.request.path}`;
    if (differences.length > 0) {
      return { departures: [...departures], failure: { step: index + 1, request, differences } };
    }
  }
  return { departures: [...departures], failure: null };
}

/** Shorter than any token lives that is not there to be seen over. */
const SHORT_SECONDS = 60;

/**
 * What was done between two steps and is seen by what the next one tells: an operator removed the account, or suspended it, and where
 * tokens live for seconds, they were waited for.
 */
async function meanwhile(step: RecordedStep, last: RecordedStep | null, { instance, world, profile }: Play) {
  const { jwt } = profile;
  const [account] = world.accounts;
  if (last === null || jwt === null || account === undefined) return;
  if (jwt.refreshSeconds < SHORT_SECONDS) {
    instance.wait((jwt.refreshSeconds + 1) * 1000);
    world.expireTokens();
  }
  if (step.users < last.users && step.request.method === 'GET') {
    await instance.remove(account.id);
    world.remove(account);
  }
  const { body } = step.response;
  if (account.isActive && isObject(body) && body['code'] === 'user_inactive') {
    await instance.suspend(account.id);
    world.suspend(account);
  }
}

type Played = { readonly sent: Sent; readonly outcome: Outcome };

function judge(step: RecordedStep, { sent, outcome }: Played, play: Play): Judgement {
  const situation = situationOf(step, sent, play);
  const { expected, departures } = ruled(situation);
  return { situation, expected, departures, differences: compare(expected, outcome, play.placeholders) };
}

function situationOf(step: RecordedStep, sent: Sent, { profile, world, placeholders }: Play): Situation {
  const authorization = Buffer.from(sent.headers['Authorization'] ?? '', 'latin1').toString('utf8');
  const credentials = { authorization, cookie: sent.cookie, access: sent.access };
  return {
    profile,
    asked: askedBy(step.request),
    recorded: recordedAnswer(step, profile, world.apart),
    world,
    placeholders,
    credentials,
    caller: callerOf(world, profile, credentials),
    carried: callerOf(world, profile, { ...credentials, authorization: '', access: null }),
    refreshCookie: sent.refresh,
    hasCookie: sent.cookie !== null,
    isForeign: sent.isForeign,
  };
}

async function outcomeOf(sent: Sent, { wire, instance }: Play): Promise<Outcome> {
  const received = await wire.send(sent);
  await instance.auth.settle();
  const accounts = await instance.auth.accounts.list();
  const verified = accounts.filter(({ email, emailVerified }) => email !== '' && emailVerified).length;
  return { received, mails: instance.takeMails(), users: accounts.length, verified };
}

/** Exactly those sessions are live that should be: never more, never fewer. */
async function compareSessions({ instance, world }: Play): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const { id } of world.accounts) {
    const [expected, actual] = [world.liveOf(id).length, (await instance.auth.sessions.list(id)).length];
    const place = `live sessions of account ${id}`;
    if (expected !== actual) differences.push({ place, expected: String(expected), actual: String(actual) });
  }
  return differences;
}
