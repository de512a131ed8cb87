/** A maker of authenticators, who says by a certificate which are theirs (WebAuthn, 8.2), made for these tests. */
import { createPrivateKey, sign } from 'node:crypto';
import type { Attestation } from './authenticator.ts';

const KEY = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'PVAaenwhbNhtLq5xXQ4jJ2wqrByjF8-ApNCjxWkpecw',
    y: 'RH7I6JYFV1eVqA8Df1Os6cTXjKJcPzd_dQWFZ3SQrlQ',
    d: 'YQZJbiQuOPWOEmdwYwTkek0Zt6xNeRbGisYXYRDScgs',
  },
});

/** Version 3, `OU=Authenticator Attestation`, no authority, until 2126. */
const CERTIFICATE = Buffer.from(
  [
    'MIIB9TCCAZygAwIBAgIUKrAKvy7xuh11IhqOggU9dg21D2QwCgYIKoZIzj0EAwIwUTELMAkGA1UEBhMCQVQxDjAMBgNVBAoMBU1ha2VyMSIwIA',
    'YDVQQLDBlBdXRoZW50aWNhdG9yIEF0dGVzdGF0aW9uMQ4wDAYDVQQDDAVNYWtlcjAgFw0yNjExMjQwMzQzMzlaGA8yMTI2MTAzMTAzNDMzOVow',
    'UTELMAkGA1UEBhMCQVQxDjAMBgNVBAoMBU1ha2VyMSIwIAYDVQQLDBlBdXRoZW50aWNhdG9yIEF0dGVzdGF0aW9uMQ4wDAYDVQQDDAVNYWtlcj',
    'BZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD1QGnp8IWzYbS6ucV0OIydsKqwcoxfPgKTQo8VpKXnMRH7I6JYFV1eVqA8Df1Os6cTXjKJcPzd/',
    'dQWFZ3SQrlSjUDBOMB0GA1UdDgQWBBQeS/HqPVo62bP/1z841DnQJlA2RjAfBgNVHSMEGDAWgBQeS/HqPVo62bP/1z841DnQJlA2RjAMBgNVHR',
    'MBAf8EAjAAMAoGCCqGSM49BAMCA0cAMEQCIGp7GDf/WPu36TzgbXNuHyRjAcdqVvDJH/nGOCXK0r+AAiBprKncqzamou8mFDHKIOmxdOQ9xyFq',
    'Ekwx+U3M+Nl8Hg==',
  ].join(''),
  'base64',
);

/** A statement that is right in every way. */
export function attestedByMaker(signed: Uint8Array): Attestation {
  const sig = sign('sha256', signed, KEY);
  return {
    fmt: 'packed',
    attStmt: new Map<string, number | Uint8Array | readonly Uint8Array[]>([
      ['alg', -7],
      ['sig', sig],
      ['x5c', [CERTIFICATE]],
    ]),
  };
}
