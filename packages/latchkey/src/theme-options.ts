/** Options that become part of a stylesheet or of a page: each is let through only as what it is meant to be. */
import { localPath } from './model/next.ts';
import type { Colour } from './model/theme.ts';
import type { ByRole } from './model/views.ts';
import { type Option, option, Problem } from './options.ts';

const HEX = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i;

type GivenColour = string | { readonly light: string; readonly dark: string };

/** One colour for both surroundings, or two: `#1f4fd8 #9db8ff`, the light one first. */
export function colour({ env, light, dark }: { readonly env: string } & Colour): Option<GivenColour, Colour> {
  return option({ env, fallback: { light, dark }, shown: `${light} light, ${dark} dark` }, (given) => {
    const colours = typeof given === 'string' ? given.trim().split(/\s+/) : inBoth(given);
    const [first = '', second = first, ...rest] = colours;
    const isRight = HEX.test(first) && HEX.test(second) && rest.length === 0;
    return isRight
      ? { light: first, dark: second }
      : new Problem('must be a colour such as #1f4fd8, or two: #1f4fd8 #9db8ff');
  });
}

function inBoth(given: unknown): readonly string[] {
  if (typeof given !== 'object' || given === null || !('light' in given) || !('dark' in given)) return [];
  return [String(given.light), String(given.dark)];
}

const FAMILY = /^[a-z0-9][a-z0-9 _-]{0,63}$/i;

/** Names of font families with commas between. */
export function families({
  env,
  fallback,
}: {
  readonly env: string;
  readonly fallback: readonly string[];
}): Option<string | readonly string[], readonly string[]> {
  return option({ env, fallback, shown: fallback.join(', ') }, (given) => {
    const names: unknown = typeof given === 'string' ? given.split(',').map((name) => name.trim()) : given;
    const isRight = Array.isArray(names) && names.length > 0 && names.length <= 20 && names.every(isFamily);
    return isRight
      ? (names as readonly string[])
      : new Problem('must be names of fonts: letters, digits, blanks, - and _');
  });
}

function isFamily(name: unknown): boolean {
  return typeof name === 'string' && FAMILY.test(name);
}

/** Any: only whether it is one on this origin is looked at. */
const SOME_ORIGIN = 'https://origin.invalid';

/** A path on this origin. */
export function path({ env, fallback }: { readonly env: string; readonly fallback: string }): Option<string, string> {
  return option(
    { env, fallback },
    (given) => localPath(String(given), SOME_ORIGIN) ?? new Problem('must be a path on this origin, such as /lessons/'),
  );
}

const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif|svg\+xml);base64,[a-z0-9+/]+={0,2}$/i;

/** A picture, by its path on this origin or whole. */
export function picture({ env }: { readonly env: string }): Option<string, string | null> {
  return option<string, string | null>({ env, fallback: null, shown: 'none' }, (given) => {
    const text = String(given);
    const found = PICTURE.test(text) && text.length <= 100_000 ? text : localPath(text, SOME_ORIGIN);
    return found ?? new Problem('must be a path on this origin, or data:image/…;base64,… of 100,000 letters at most');
  });
}

/** Paths by role, the first that fits: `admin=/admin/, staff=/desk/`. */
export function pathsByRole({ env }: { readonly env: string }): Option<string | ByRole<string>, ByRole<string>> {
  return option<string | ByRole<string>, ByRole<string>>({ env, fallback: [], shown: 'none' }, (given) => {
    const pairs: unknown = typeof given === 'string' ? pairsIn(given) : given;
    const checked = Array.isArray(pairs) ? pairs.map(checkedPair) : [null];
    return checked.every((pair) => pair !== null)
      ? checked
      : new Problem('must be roles, each with a path on this origin, such as admin=/admin/');
  });
}

function pairsIn(text: string): readonly (readonly [string, string])[] {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  return parts.map((part) => {
    const equals = part.indexOf('=');
    return [part.slice(0, Math.max(0, equals)).trim(), part.slice(equals + 1).trim()];
  });
}

function checkedPair(pair: unknown): readonly [role: string, path: string] | null {
  const [role, target]: readonly unknown[] = Array.isArray(pair) && pair.length === 2 ? pair : [];
  const found = typeof target === 'string' ? localPath(target, SOME_ORIGIN) : null;
  return typeof role === 'string' && role !== '' && found !== null ? [role, found] : null;
}
