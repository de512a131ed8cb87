/** A client that keeps a key and shows it by proofs, as RFC 9449 has it: nonces are learned from answers. */
import type { Answer, Asked, TestServer } from '../http/serving.ts';
import { memberOf, PASSWORD } from '../http/serving.ts';
import { athOf, type Key, type Made, newKey, proofOf } from './prover.ts';

/** Where the server is told that it is reached: proofs are of that, wherever it listens. */
export const ORIGIN = 'https://id.example';

export type ProofAsked = Asked & {
  readonly proof?: Made;
  /** Sent as it is, in the place of a proof that is made; null sends none. */
  readonly header?: string | null;
};

export class BoundClient {
  readonly server: TestServer;
  readonly clientKey: Key;
  key = '';
  nonce: string | null = null;

  constructor(server: TestServer, clientKey: Key = newKey()) {
    this.server = server;
    this.clientKey = clientKey;
  }

  proofFor(method: string, path: string, made: Made = {}): string {
    const payload = {
      ...{ htm: method, htu: ORIGIN + (path.split('?')[0] ?? ''), iat: Math.floor(this.server.clock() / 1000) },
      ...(this.key !== '' && { ath: athOf(this.key) }),
      ...(this.nonce !== null && { nonce: this.nonce }),
      ...made.payload,
    };
    return proofOf(this.clientKey, { ...made, payload });
  }

  /** One request, with what is asked for and no more. */
  async once(path: string, { proof, header, ...asked }: ProofAsked = {}): Promise<Answer> {
    const method = asked.method ?? 'GET';
    const shown = header === undefined ? this.proofFor(method, path, proof) : header;
    const answer = await this.server.ask(path, {
      ...asked,
      headers: {
        ...(this.key !== '' && { authorization: `DPoP ${this.key}` }),
        ...(shown !== null && { dpop: shown }),
        ...asked.headers,
      },
    });
    this.nonce = answer.headers.get('dpop-nonce') ?? this.nonce;
    return answer;
  }

  /** As clients do: once more where a nonce is asked for. */
  async ask(path: string, asked: ProofAsked = {}): Promise<Answer> {
    const answer = await this.once(path, asked);
    return answer.headers.get('latchkey-reason') === 'use_dpop_nonce' ? await this.once(path, asked) : answer;
  }

  async signIn(username = 'ann', path = '/auth/login/'): Promise<Answer> {
    this.key = '';
    const answer = await this.ask(path, { method: 'POST', json: { username, password: PASSWORD } });
    this.key = memberOf(answer.body, path === '/api/token/' ? 'token' : 'key');
    return answer;
  }
}
