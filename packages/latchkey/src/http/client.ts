/** Who is on the other side, as far as it can be trusted: an address for counting, a name and a class for people. */
import { BlockList, isIP } from 'node:net';
import { isLoopback, isLoopbackHost, networkOf } from '../model/network.ts';
import type { HeaderSource } from './credential.ts';

export type Client = {
  /** Without a zone (RFC 4007, 11), and an IPv4 one always as such; null where it is not known. It is kept nowhere. */
  readonly address: string | null;
  /** The network that is counted: the client's, else that of the nearest proxy; null where the connection has no address. */
  readonly network: string | null;
};

export const UNKNOWN_CLIENT: Client = { address: null, network: null };

export type ClientAddress = {
  /** The client's address and network; both null where the connection has no address. */
  of(peer: string | null, headers: HeaderSource): Client;
  /** Whether a proxy that was not declared seems to stand before this server. */
  isUndeclaredProxy(peer: string | null, headers: HeaderSource): boolean;
};

/**
 * Reads `X-Forwarded-For` from the right, as far as each hop is a declared proxy: the first that is not is the client. Nothing
 * that a client says of itself is believed. Where a proxy does not say who its client is, it counts itself: nobody goes uncounted.
 * `proxies` are addresses or CIDR blocks.
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

  const addressOf = (peer: string, headers: HeaderSource): string => {
    const hops = (headers.get('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim());
    let client = peer;
    while (isTrusted(client) && hops.length > 0) {
      const next = withoutPort(hops.pop() ?? '');
      if (isIP(next) === 0) break;
      client = next;
    }
    return client;
  };

  return {
    of(peer, headers) {
      if (peer === null) return UNKNOWN_CLIENT;
      const address = addressOf(peer, headers);
      const network = networkOf(address);
      // A proxy's own place is nobody's.
      if (network === null || isTrusted(address)) return { address: null, network };
      return { address: isIP(network) === 4 ? network : (address.split('%')[0] ?? address), network };
    },
    isUndeclaredProxy: (peer, headers) => peer !== null && headers.get('x-forwarded-for') !== null && !isTrusted(peer),
  };
}

/**
 * Does a request come from this machine, as far as anybody can tell: from its address where that is known, through proxies on it
 * alone, and to a name of its own? Another name may be somebody's who lets it lead here, for their page to read what we answer.
 */
export function isFromHere(peer: string | null, { url, headers }: Pick<Request, 'url' | 'headers'>): boolean {
  const hops = (headers.get('x-forwarded-for') ?? '')
    .split(',')
    .flatMap((hop) => (hop.trim() === '' ? [] : [hop.trim()]));
  const addresses = peer === null ? hops : [peer, ...hops];
  return isLoopbackHost(new URL(url).hostname) && addresses.every((address) => isLoopback(withoutPort(address)));
}

/** An IPv6 address with a zone, brackets and a port. */
const LONGEST_HOP = 80;

/** An address as proxies write it: with a port, in brackets, or alone (RFC 7239, 6; RFC 3986, 3.2.2). */
function withoutPort(hop: string): string {
  if (hop.length > LONGEST_HOP) return hop;
  const [, inBrackets, plain] = /^\[([^\]]*)\](?::\d+)?$|^([^:]*):\d+$/.exec(hop) ?? [];
  return inBrackets ?? plain ?? hop;
}
