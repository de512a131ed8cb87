import { isIP } from 'node:net';

/**
 * The part of an address that one party can change at will counts as one: an IPv4 address, also where it is written as an IPv6
 * one (RFC 4291, 2.5.5.2), or an IPv6 /64 (RFC 6177). null for what is no address. `bits` of 48 are what a site has at most,
 * all of its /64 together.
 */
export function networkOf(address: string, bits: 48 | 64 = 64): string | null {
  const plain = address.split('%')[0] ?? '';
  if (isIP(plain) === 4) return plain;
  if (isIP(plain) !== 6) return null;
  const groups = groupsOf(plain);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return `${groups
    .slice(0, bits / 16)
    .map((group) => group.toString(16))
    .join(':')}::/${bits}`;
}

/** Is it this machine's own, 127.0.0.0/8 or ::1 (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3)? */
export function isLoopback(address: string): boolean {
  const plain = address.split('%')[0] ?? '';
  if (networkOf(plain)?.startsWith('127.') === true) return true;
  return isIP(plain) === 6 && groupsOf(plain).join() === '0,0,0,0,0,0,0,1';
}

/** Is it a name or an address, as it stands in a URL, by which a machine means itself (RFC 6761, 6.3)? */
export function isLoopbackHost(host: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(host) || isLoopback(host.replace(/^\[(.*)\]$/, '$1'));
}

/** The eight groups of an IPv6 address, in whatever way it is written. */
function groupsOf(address: string): readonly number[] {
  const [left = [], right] = address.split('::').map((part) => part.split(':').flatMap(numbersOf));
  const zeros = right === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<number>(zeros).fill(0), ...(right ?? [])];
}

/** One group; two where the last four bytes are written as in IPv4. */
function numbersOf(group: string): readonly number[] {
  if (group === '') return [];
  if (!group.includes('.')) return [Number.parseInt(group, 16)];
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}
