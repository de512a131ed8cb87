import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { clientAddressBehind } from '../../src/http/client.ts';
import { isLoopback, isLoopbackHost, networkOf } from '../../src/model/network.ts';

const addresses: readonly (readonly [address: string, network: string | null])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4::/64'],
  ['1::5:6:7:192.0.2.1', '1:0:0:5::/64'],
  ['::', '0:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['fe80::2%eth1', 'fe80:0:0:0::/64'],
  ['', null],
  ['unix', null],
  ['192.0.2.256', null],
  ['192.0.2.1:443', null],
  ['[2001:db8::1]', null],
  ['1:2:3', null],
];

describe('an address counts by the part that one party has', () => {
  for (const [address, network] of addresses) {
    test(`B13: “${address}” is of ${network ?? 'no network'}`, () => assert.equal(networkOf(address), network));
  }

  test('a site’s networks are one where that is asked for, and an IPv4 address stays itself', () => {
    const wide: readonly (readonly [address: string, network: string | null])[] = [
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
      ['2001:db8:1:ffff::', '2001:db8:1::/48'],
      ['2001:db8:2:2::', '2001:db8:2::/48'],
      ['::ffff:192.0.2.1', '192.0.2.1'],
      ['192.0.2.1', '192.0.2.1'],
      ['unknown', null],
    ];
    for (const [address, network] of wide) assert.equal(networkOf(address, 48), network);
  });

  test('B13: all 2^64 addresses of a /64 are one, and another /64 is another', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16));
    const four = fc.tuple(group, group, group, group).map((groups) => groups.join(':'));
    fc.assert(
      fc.property(four, four, four, (prefix, one, other) => {
        // What begins so is an IPv4 address in another dress.
        fc.pre(!prefix.startsWith('0:0:0:0'));
        assert.equal(networkOf(`${prefix}:${one}`), networkOf(`${prefix}:${other}`));
        assert.equal(networkOf(`${prefix}:${one}`) === networkOf(`${other}:${one}`), prefix === other);
      }),
    );
  });
});

describe('a machine’s own addresses and names', () => {
  for (const own of [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::1%lo',
  ]) {
    test(own, () => assert.equal(isLoopback(own), true));
  }
  for (const foreign of [
    '128.0.0.1',
    '10.0.0.1',
    '0.0.0.0',
    '::',
    '::2',
    '1::1',
    '::ffff:8.8.8.8',
    'localhost',
    '',
    '127.1',
    '127.0.0.1:80',
  ]) {
    test(`not “${foreign}”`, () => assert.equal(isLoopback(foreign), false));
  }
  for (const host of ['localhost', 'LOCALHOST', 'app.localhost', 'localhost.', '127.0.0.1', '[::1]', '::1']) {
    test(`by the name ${host}`, () => assert.equal(isLoopbackHost(host), true));
  }
  for (const host of [
    '',
    'mylocalhost',
    'localhost.example',
    '127.0.0.1.example',
    'accounts.example',
    '[::2]',
    '0.0.0.0',
  ]) {
    test(`not by the name “${host}”`, () => assert.equal(isLoopbackHost(host), false));
  }
});

type Case = {
  readonly what: string;
  readonly proxies: readonly string[];
  readonly peer: string | null;
  readonly forwarded: string | null;
  readonly network: string | null;
};

const PROXY = '10.0.0.1';
const fakes = Array.from({ length: 10 }, (_, host) => `203.0.113.${host}`).join(', ');

const cases: readonly Case[] = [
  { what: 'B15: nobody else is believed', proxies: [], peer: '192.0.2.1', forwarded: fakes, network: '192.0.2.1' },
  {
    what: 'B16: the proxy is, of the hop before it',
    proxies: [PROXY],
    peer: PROXY,
    forwarded: '192.0.2.1',
    network: '192.0.2.1',
  },
  {
    what: 'B16: not of what that hop says itself',
    proxies: [PROXY],
    peer: PROXY,
    forwarded: '198.51.100.7, 192.0.2.1',
    network: '192.0.2.1',
  },
  {
    what: 'B16: ten fake hops change nothing',
    proxies: [PROXY],
    peer: PROXY,
    forwarded: `${fakes}, 192.0.2.1`,
    network: '192.0.2.1',
  },
  {
    what: 'B16: two proxies in a row',
    proxies: ['10.0.0.0/8'],
    peer: PROXY,
    forwarded: '192.0.2.1, 10.9.9.9',
    network: '192.0.2.1',
  },
  {
    what: 'B16: fake hops before two proxies',
    proxies: ['10.0.0.0/8'],
    peer: PROXY,
    forwarded: `${fakes},192.0.2.1,10.9.9.9`,
    network: '192.0.2.1',
  },
  {
    what: 'B16: a fake hop that claims to be the proxy',
    proxies: [PROXY],
    peer: PROXY,
    forwarded: `198.51.100.7, ${PROXY}, 192.0.2.1`,
    network: '192.0.2.1',
  },
  {
    what: 'B13: an IPv6 client counts by its /64',
    proxies: [PROXY],
    peer: PROXY,
    forwarded: '2001:db8::5',
    network: '2001:db8:0:0::/64',
  },
  {
    what: 'B13: the proxy’s own address as IPv6',
    proxies: [PROXY],
    peer: `::ffff:${PROXY}`,
    forwarded: '192.0.2.1',
    network: '192.0.2.1',
  },
  { what: 'B13: an IPv6 proxy', proxies: ['fd00::/8'], peer: 'fd00::1', forwarded: '192.0.2.1', network: '192.0.2.1' },
  {
    what: 'B16: a proxy that says nothing counts itself',
    proxies: [PROXY],
    peer: PROXY,
    forwarded: null,
    network: PROXY,
  },
  { what: 'B16: and one that says nonsense', proxies: [PROXY], peer: PROXY, forwarded: 'unknown', network: PROXY },
  { what: 'B16: and one that names only itself', proxies: [PROXY], peer: PROXY, forwarded: PROXY, network: PROXY },
  {
    what: 'B16: of two, the one that heard nonsense',
    proxies: ['10.0.0.0/8'],
    peer: PROXY,
    forwarded: '192.0.2.1, nonsense, 10.9.9.9',
    network: '10.9.9.9',
  },
  {
    what: 'B16: nonsense before a client does not hide it',
    proxies: [PROXY],
    peer: PROXY,
    forwarded: 'nonsense, 192.0.2.1',
    network: '192.0.2.1',
  },
  { what: 'B18: no address at all is no network', proxies: [PROXY], peer: null, forwarded: '192.0.2.1', network: null },
];

/** The forms in which proxies write who their client is. */
const forms: readonly (readonly [forwarded: string, network: string])[] = [
  ['192.0.2.1:52011', '192.0.2.1'],
  ['198.51.100.7:1, 192.0.2.1:52011', '192.0.2.1'],
  ['192.0.2.1:52011, 10.9.9.9:443', '192.0.2.1'],
  ['[2001:db8::5]:52011', '2001:db8:0:0::/64'],
  ['[2001:db8::5]', '2001:db8:0:0::/64'],
  ['2001:db8::5', '2001:db8:0:0::/64'],
  ['[::ffff:192.0.2.1]:52011', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  // What only looks like one of them is no address.
  ['192.0.2.1:', PROXY],
  ['192.0.2.1:80:80', PROXY],
  ['192.0.2.1:http', PROXY],
  ['[192.0.2.1', PROXY],
  ['[2001:db8::5]x', PROXY],
  ['[]:80', PROXY],
  ['_hidden:80', PROXY],
  ['unknown', PROXY],
];

describe('who is on the other side of a proxy', () => {
  for (const [forwarded, network] of forms) {
    test(`B16: a proxy that writes ${forwarded} means ${network}`, () => {
      const headers = { get: (name: string) => (name === 'x-forwarded-for' ? forwarded : null) };
      assert.equal(clientAddressBehind(['10.0.0.0/8']).of(PROXY, headers).network, network);
    });
  }

  for (const { what, proxies, peer, forwarded, network } of cases) {
    test(`${what}: ${peer ?? 'nobody'} says ${forwarded ?? 'nothing'}`, () => {
      const headers = { get: (name: string) => (name === 'x-forwarded-for' ? forwarded : null) };
      assert.equal(clientAddressBehind(proxies).of(peer, headers).network, network);
    });
  }

  test('B17: other headers than X-Forwarded-For are not even read', () => {
    const read: string[] = [];
    const headers = {
      get: (name: string) => {
        read.push(name);
        return '198.51.100.7';
      },
    };
    clientAddressBehind([PROXY]).of(PROXY, headers);
    assert.deepEqual(read, ['x-forwarded-for']);
  });
});
