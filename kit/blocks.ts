import { canonicalAddress } from './address-set.ts';
import { ExpectedError } from './errors.ts';

/** An address that is shut out for a while. */
export type Block = {
  readonly address: string;
  /** For people; clients never see it. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly until: number;
};

/** The one spelling by which an address is blocked. @throws ExpectedError BAD_USER_INPUT for what is no address */
export function blockedAddress(text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) throw new ExpectedError('BAD_USER_INPUT', 'address: is not an IP address.');
  return address;
}
