/** Which transcripts are replayed: told by what their steps ask for and by their profile's settings, never by a name. */
import { unknownSetting } from './profile.ts';
import type { Environment, Recording, Transcript } from './recording.ts';

/** Areas that are not served yet, by their paths. */
const AREAS: readonly (readonly [pattern: RegExp, area: string])[] = [
  [/^\/auth\/(?:mfa|passkeys)(?:\/|$)/, 'second steps and passkeys'],
];

export type Replayable = { readonly transcript: Transcript; readonly env: Environment };

export type Scope = {
  readonly replayable: readonly Replayable[];
  /** How many were left out, by what they are about. */
  readonly leftOut: ReadonlyMap<string, number>;
};

export function scopeOf({ transcripts, profiles }: Pick<Recording, 'transcripts' | 'profiles'>): Scope {
  const replayable: Replayable[] = [];
  const leftOut = new Map<string, number>();
  for (const transcript of transcripts) {
    const env = profiles.get(transcript.profile);
    const why =
      env === undefined ? `the profile ${transcript.profile}, which is not described` : unserved(transcript, env);
    if (why === null && env !== undefined) replayable.push({ transcript, env });
    else if (why !== null) leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
  }
  return { replayable, leftOut };
}

function unserved(transcript: Transcript, env: Environment): string | null {
  const setting = unknownSetting(env);
  if (setting !== null) return `the setting ${setting}`;
  for (const { request } of transcript.steps) {
    const path = request.path.split('?')[0] ?? '';
    const area = AREAS.find(([pattern]) => pattern.test(path));
    if (area !== undefined) return area[1];
  }
  return null;
}
