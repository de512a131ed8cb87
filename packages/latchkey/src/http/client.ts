/** Who is on the other side, as far as it can be trusted: an address for counting, a name and a class for people. */
import { BlockList, isIP } from 'node:net';
import { networkOf } from '../model/attempts.ts';
import type { HeaderSource } from './credential.ts';

export type Client = {
  /** Without a zone (RFC 4007, 11), and an IPv4 one always as such; null where it is not known. It is kept nowhere. */
  readonly address: string | null;
  /** Its network as it is counted, or null where its address is not known. */
  readonly network: string | null;
};

export const UNKNOWN_CLIENT: Client = { address: null, network: null };

export type ClientAddress = {
  of(peer: string | null, headers: HeaderSource): Client;
  /** Whether a proxy that was not declared seems to stand before this server. */
  isUndeclaredProxy(peer: string | null, headers: HeaderSource): boolean;
};

/**
 * Reads `X-Forwarded-For` from the right, as far as each hop is a declared proxy: the first that is not is the client. Nothing
 * that a client says of itself is believed. `proxies` are addresses or CIDR blocks.
 */
export function clientAddressBehind(proxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string): boolean => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    return isIP(plain) !== 0 && trusted.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };

  const addressOf = (peer: string, headers: HeaderSource): string | null => {
    const hops = (headers.get('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim());
    let client = peer;
    while (isTrusted(client) && hops.length > 0) {
      const next = hops.pop() ?? '';
      if (isIP(next) === 0) break;
      client = next;
    }
    return isTrusted(client) ? null : client;
  };

  return {
    of: (peer, headers) => clientAt(peer === null ? null : addressOf(peer, headers)),
    isUndeclaredProxy: (peer, headers) => peer !== null && headers.get('x-forwarded-for') !== null && !isTrusted(peer),
  };
}

function clientAt(given: string | null): Client {
  const network = given === null ? null : networkOf(given);
  if (given === null || network === null) return UNKNOWN_CLIENT;
  return { address: isIP(network) === 4 ? network : (given.split('%')[0] ?? given), network };
}
