import type { StandIn } from '../../social/stand-in.ts';
import type { Answer, TestServer } from '../serving.ts';

export type Open = {
  readonly server: TestServer;
  /** Somebody of that name is signed in already, on another device, unless they have yet to sign up. */
  readonly username: string;
  /** A provider that knows them by their verified address. */
  readonly provider: StandIn;
};

/** Makes all ready, and returns the one request that counts. */
export type Way = (open: Open) => Promise<() => Promise<Answer>>;

export const SAME_SITE = { 'sec-fetch-site': 'same-origin' };
