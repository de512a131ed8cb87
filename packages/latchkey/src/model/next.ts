/** Longer addresses are cut or refused somewhere on their way. */
const LONGEST = 2000;

/** What parsers of addresses take off, turn round or disagree about. */
const TREACHEROUS = /[\\\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * Where somebody may be sent after signing in: a path on this origin, as it stands after parsing, or null. It begins with
 * exactly one slash, before parsing and after it (`/..//evil.example` would be another host's by then).
 */
export function localPath(given: string | null, origin: string): string | null {
  if (given === null || given.length > LONGEST || !given.isWellFormed()) return null;
  if (!beginsWithOneSlash(given) || TREACHEROUS.test(given) || !URL.canParse(given, origin)) return null;
  const url = new URL(given, origin);
  const path = url.pathname + url.search + url.hash;
  return url.origin === origin && beginsWithOneSlash(path) ? path : null;
}

function beginsWithOneSlash(path: string): boolean {
  return /^\/(?!\/)/.test(path);
}
