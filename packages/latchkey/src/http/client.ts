/** Who is on the other side, as far as it can be trusted: an address for counting, a name and a class for people. */
import { BlockList, isIP } from 'node:net';
import { networkOf } from '../model/attempts.ts';
import type { HeaderSource } from './credential.ts';

export type ClientAddress = {
  /** The client's network as it is counted, or null where its address is not known. */
  networkOf(peer: string | null, headers: HeaderSource): string | null;
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

  return {
    networkOf(peer, headers) {
      if (peer === null) return null;
      const hops = (headers.get('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim());
      let client = peer;
      while (isTrusted(client) && hops.length > 0) {
        const next = hops.pop() ?? '';
        if (isIP(next) === 0) break;
        client = next;
      }
      return isTrusted(client) ? null : networkOf(client);
    },
    isUndeclaredProxy: (peer, headers) => peer !== null && headers.get('x-forwarded-for') !== null && !isTrusted(peer),
  };
}
