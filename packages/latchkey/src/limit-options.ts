/** How limits are given for classes of devices, for client apps and for roles: `web=1, mobile=2`, or the same as an object. */
import type { DeviceClass } from './model/device.ts';
import type { LimitsByName } from './model/limits.ts';
import { limit, type Option, option, Problem } from './options.ts';

type Given = string | Readonly<Record<string, number | 'unlimited'>>;

const CLASSES: Readonly<Record<DeviceClass, true>> = {
  web: true,
  mobile: true,
  desktop: true,
  tv: true,
  cli: true,
  unknown: true,
};

/** Limits by class of device. One without a limit is not named. */
export function limitsByClass({ env }: { readonly env: string }): Option<Given, LimitsByName<DeviceClass>> {
  const isClass = (name: string): boolean => Object.hasOwn(CLASSES, name);
  return option<Given, LimitsByName<DeviceClass>>({ env, fallback: [], shown: 'none' }, (given) => {
    const says = `must be classes with a limit each, such as web=1,mobile=2: ${Object.keys(CLASSES).join(', ')}`;
    return limitsIn(given, { isName: isClass, says, alone: null }) as LimitsByName<DeviceClass> | Problem;
  });
}

const CLIENT = /^[a-z0-9][\w.-]{0,63}$/i;

/** Ids of client apps; one that has no limit of its own stands alone, or with `unlimited`. */
export function clientsById({ env }: { readonly env: string }): Option<Given, LimitsByName> {
  return option<Given, LimitsByName>({ env, fallback: [], shown: 'none' }, (given) => {
    const says =
      'must be ids of clients (letters, digits, . _ -), each with a limit or without, such as ios-app=1,web-app';
    return limitsIn(given, { isName: (name) => CLIENT.test(name), says, alone: 'unlimited' });
  });
}

/** Limits by role. */
export function limitsByRole({ env }: { readonly env: string }): Option<Given, LimitsByName> {
  return option<Given, LimitsByName>({ env, fallback: [], shown: 'none' }, (given) =>
    limitsIn(given, {
      isName: (name) => name !== '',
      says: 'must be roles with a limit each, such as premium=3,trial=1',
      alone: null,
    }),
  );
}

const ONE = limit({ env: '', fallback: 1 });

type Kind = {
  readonly isName: (name: string) => boolean;
  readonly says: string;
  /** What a name without a limit has; null where each must have one. */
  readonly alone: 'unlimited' | null;
};

function limitsIn(given: unknown, { isName, says, alone }: Kind): LimitsByName | Problem {
  const pairs = pairsIn(given, alone);
  const names = new Set(pairs?.map(([name]) => name));
  if (pairs === null || !pairs.every(([name]) => isName(name))) return new Problem(says);
  if (names.size !== pairs.length) return new Problem(`${says}, and each once`);
  const read = pairs.map(([name, value]) => [name, ONE.read(value)] as const);
  const right = read.flatMap(([name, max]) => (max instanceof Problem ? [] : [[name, max] as const]));
  // In one order: it is part of the rule that all nodes must have alike.
  const sorted = right.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return right.length === read.length
    ? sorted
    : new Problem(`${says}; each limit is a whole number from 1, or unlimited`);
}

function pairsIn(given: unknown, alone: 'unlimited' | null): readonly (readonly [string, unknown])[] | null {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return Object.entries(given);
  if (typeof given !== 'string' || given.trim() === '') return null;
  return given.split(',').map((part) => {
    const equals = part.indexOf('=');
    return equals < 0
      ? ([part.trim(), alone] as const)
      : ([part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const);
  });
}
