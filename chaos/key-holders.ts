/** Clients that keep a key and show it with each request, as RFC 9449 has it. */
import { createHash, randomUUID } from 'node:crypto';
import { athOf, type Key, proofOf } from '../packages/latchkey/test/dpop/prover.ts';
import type { Answered, Asked, Line } from './wire.ts';

/** Where nodes are told that they are reached, whatever their port: proofs are of that. */
export const ORIGIN = 'http://127.0.0.1:8787';

type Request = Pick<Asked, 'method' | 'path' | 'body' | 'token'>;

/** A proof, and how a history names it. */
export type Proof = { readonly proof: string; readonly artefact: string };

export class KeyHolders {
  /** The newest nonce of each purpose: for signing in, and for requests. A node whose clock is off has others. */
  readonly #nonces = new Map<'sign-in' | 'request', string>();

  /** By a key, where there is one: once more where another nonce is asked for, as nothing was done before. */
  async ask(line: Line, key: Key | null, asked: Asked): Promise<Answered> {
    if (key === null) return await line.ask(asked);
    const answered = await this.#askOnce(line, key, asked);
    return answered.reason === 'use_dpop_nonce' ? await this.#askOnce(line, key, asked) : answered;
  }

  proofOf(key: Key, request: Request): Proof {
    const { method, path, body, token } = request;
    const jti = randomUUID();
    const nonce = this.#nonces.get(purposeOf(request));
    const payload = {
      ...{ jti, htm: method ?? (body === undefined ? 'GET' : 'POST'), htu: ORIGIN + path },
      iat: Math.floor(Date.now() / 1000),
      ...(token !== undefined && { ath: athOf(token) }),
      ...(nonce !== undefined && { nonce }),
    };
    return { proof: proofOf(key, { payload }), artefact: `proof ${createHash('sha256').update(jti).digest('hex')}` };
  }

  /** Learns the nonce that an answer brings. */
  heard(request: Pick<Request, 'token'>, { nonce }: Answered): void {
    if (nonce !== null) this.#nonces.set(purposeOf(request), nonce);
  }

  async #askOnce(line: Line, key: Key, asked: Asked): Promise<Answered> {
    const answered = await line.ask({ ...asked, proof: this.proofOf(key, asked).proof });
    this.heard(asked, answered);
    return answered;
  }
}

function purposeOf({ token }: Pick<Request, 'token'>): 'sign-in' | 'request' {
  return token === undefined ? 'sign-in' : 'request';
}
