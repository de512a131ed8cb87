/**
 * The key that a session's holder shows beside its token, so that a token that was copied is worth nothing elsewhere. Of the key
 * the public half alone is kept: nothing here opens anything.
 */
export type Binding =
  /** Demonstrating Proof of Possession (RFC 9449). */
  | {
      readonly kind: 'dpop';
      /** Of the public key: its JWK thumbprint by SHA-256 (RFC 7638), base64url. */
      readonly thumbprint: string;
    }
  /** Device Bound Session Credentials (https://w3c.github.io/webappsec-dbsc/). */
  | {
      readonly kind: 'dbsc';
      /** By which the browser knows the session. */
      readonly id: string;
      /** The public key as the text of a JWK (RFC 7517), its members in one order. */
      readonly key: string;
      /** What the key signs by (RFC 7518), such as `ES256`. */
      readonly algorithm: string;
    };
