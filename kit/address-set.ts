import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';

/**
 * One spelling for one IP address: IPv4-mapped IPv6 as IPv4, IPv6 in its short form and without a zone. Undefined for
 * what is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (isIP(text) === 0) return undefined;
  const { address } = new SocketAddress({ family: 'ipv6', address: text.replace(/%.*$/, '') });
  return /^::ffff:([\d.]+)$/.exec(address)?.[1] ?? address;
}

/** IP addresses and ranges that can be asked for one address. */
export type AddressSet = { readonly has: (address: string) => boolean };

export type GrowingAddressSet = AddressSet & {
  /** Takes an address, a range such as `10.0.0.0/8`, or the name of one; false for what is none of them. */
  readonly add: (entry: string) => boolean;
};

/** Names of ranges, as proxies' own documentation uses them. */
const namedRanges = new Map([
  ['loopback', ['127.0.0.0/8', '::1']],
  ['linklocal', ['169.254.0.0/16', 'fe80::/10']],
  ['uniquelocal', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
]);

export function growingAddressSet(): GrowingAddressSet {
  // One list would let ::/0 hold every IPv4 address too.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  return {
    has(address) {
      const canonical = canonicalAddress(address);
      return canonical !== undefined && lists[familyOf(canonical)].check(canonical, familyOf(canonical));
    },
    add(entry) {
      const ranges = (namedRanges.get(entry) ?? [entry]).map(rangeOf);
      for (const range of ranges) {
        if (range === undefined) return false;
        lists[range.family].addSubnet(range.address, range.length, range.family);
      }
      return true;
    },
  };
}

/** @throws Error that quotes the first entry which is neither an address nor a range */
export function addressSet(entries: readonly string[]): AddressSet {
  const set = growingAddressSet();
  for (const entry of entries) {
    if (!set.add(entry)) throw new Error(`"${entry}" is neither an IP address nor a range such as 10.0.0.0/8`);
  }
  return set;
}

type Family = 'ipv4' | 'ipv6';

const familyOf = (address: string): Family => (isIPv4(address) ? 'ipv4' : 'ipv6');

const bitsOf: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };

function rangeOf(text: string): { readonly address: string; readonly length: number; readonly family: Family } | undefined {
  const [given = '', length, ...rest] = text.split('/');
  const address = canonicalAddress(given);
  if (address === undefined || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const family = familyOf(address);
  const writtenBits = bitsOf[familyOf(given)];
  // A mapped range counts the 96 bits in front of its IPv4 address.
  const prefix = (length === undefined ? writtenBits : Number(length)) - (writtenBits - bitsOf[family]);
  return prefix >= 0 && prefix <= bitsOf[family] ? { address, length: prefix, family } : undefined;
}
