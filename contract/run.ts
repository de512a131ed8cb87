/** A run over a recording: one listening server, and for each transcript an instance on an empty database. */
import { Host } from './host-app.ts';
import type { Hash } from './instance.ts';
import { type Result, replay, type Stage, type Witness } from './replay.ts';
import type { Line } from './report.ts';
import type { Replayable } from './scope.ts';
import { Wire } from './wire.ts';

/** Opens the stage, does what is to be done on it, and takes it down. */
export async function onStage<Value>(hash: Hash, work: (stage: Stage) => Promise<Value>): Promise<Value> {
  const host = await Host.listen();
  const wire = new Wire(host.port);
  try {
    return await work({ host, wire, hash });
  } finally {
    wire.close();
    await host.close();
  }
}

/** A transcript that throws has failed, and says why. */
export async function replaySafely(replayable: Replayable, stage: Stage, witness?: Witness): Promise<Result> {
  try {
    return await replay(replayable, stage, witness);
  } catch (error) {
    const actual = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const differences = [{ place: 'the replay itself', expected: 'to go through', actual }];
    return { departures: [], failure: { step: 0, request: '', differences } };
  }
}

export async function replayAll(
  replayables: readonly Replayable[],
  stage: Stage,
  tell: (line: Line, index: number) => void,
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const [index, replayable] of replayables.entries()) {
    const line = { ...replayable, result: await replaySafely(replayable, stage) };
    lines.push(line);
    tell(line, index);
  }
  return lines;
}
