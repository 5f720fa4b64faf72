import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressSet, canonicalAddress } from '#kit/address-set.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:C000:0201', '192.0.2.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['192.0.2.01', undefined],
  ['192.0.2.1:80', undefined],
  ['localhost', undefined],
  ['', undefined],
])('%j is spelled %j', (text, spelled) => {
  expect(canonicalAddress(text)).toBe(spelled);
});

test.each([
  [['10.0.0.0/8'], ['10.0.0.1', '10.255.255.255', '::ffff:10.1.2.3'], ['11.0.0.1', '::', '::a00:1']],
  [['10.1.2.3/8'], ['10.200.0.1'], ['11.0.0.1']],
  [['192.0.2.7'], ['192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
  [['::ffff:10.0.0.0/104'], ['10.9.9.9'], ['11.0.0.1']],
  [['2001:db8::/32'], ['2001:db8::1', '2001:DB8:ffff::'], ['2001:db9::1', '32.1.13.184']],
  [['0.0.0.0/0'], ['8.8.8.8', '::ffff:8.8.8.8'], ['::1']],
  [['::/0'], ['::1', '2001:db8::1'], ['8.8.8.8', '::ffff:8.8.8.8']],
  [['loopback', 'linklocal'], ['127.9.9.9', '::1', '169.254.1.1', 'fe80::1%eth0'], ['10.0.0.1']],
  [['uniquelocal'], ['10.0.0.1', '172.31.0.1', '192.168.1.1', 'fd00::1'], ['172.32.0.1', '127.0.0.1']],
  [[], [], ['127.0.0.1', 'nothing', '']],
] as const)('the set of %j', (entries, inside, outside) => {
  const set = addressSet(entries);
  expect(inside.filter((address) => !set.has(address))).toEqual([]);
  expect(outside.filter((address) => set.has(address))).toEqual([]);
});

test.each([
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '::/129',
  '::ffff:10.0.0.0/90',
  '10.0.0',
  'constructor',
  ' ',
])('%j is no entry', (entry) => {
  expect(() => addressSet(['10.0.0.1', entry])).toThrow(`"${entry}" is neither`);
});

test('a range holds exactly the addresses that share its first bits', () => {
  const number = fc.integer({ min: 0, max: 0xffff_ffff });
  const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
  fc.assert(
    fc.property(number, number, fc.integer({ min: 0, max: 32 }), (network, address, length) => {
      const same = length === 0 || network >>> (32 - length) === address >>> (32 - length);
      expect(addressSet([`${dotted(network)}/${length}`]).has(dotted(address))).toBe(same);
    }),
  );
});
