import { identifier } from '#gateway/identity/identify.ts';
import { knownUsers } from '#gateway/identity/known-users.ts';
import { sharedSecrets } from '#gateway/identity/shared-secrets.ts';
import { userTokens } from '#gateway/identity/user-tokens.ts';
import { openOrganizations } from '#gateway/organizations/open-organizations.ts';
import { systemClock } from '#kit/clock.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';
import { bearer, claims, incoming, secret, token } from '#test/harness/identity.ts';

// Prints the CPU time that it takes to know a caller, in µs a request: node test/bench/identity.ts
const rules = { algorithms: ['HS256'], issuer: 'auth-service', audience: 'lab-management-system', defaultOrganization: 'lab' };
const verify = userTokens({ rules, keysOf: sharedSecrets([secret]), planOf: async () => 'default', clock: systemClock });
const parts = { verify, sessionHolds: async () => true, clock: systemClock };
await using organizations = await openOrganizations({
  settings: { ...readOrganizationSettings({}), place: { kind: 'embedded', file: ':memory:' } },
  clock: systemClock,
  seeds: developmentOrganizations,
  onError: console.error,
});
const partnerOf = organizations.keyring.authenticate;
const kept = identifier({ userOf: knownUsers({ ...parts, keepMs: 30_000 }), partnerOf });
const anew = identifier({ userOf: knownUsers({ ...parts, keepMs: 0 }), partnerOf });

/** As many headers as a browser sends. */
const others = Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`x-header-${index}`, 'a value of some length']));
const person = incoming({ ...others, ...bearer(token(claims())) });
const partner = incoming({ ...others, 'x-api-key': 'lg_test_HelixLabsEnterprisePlanDevKey001' });

async function microseconds(identify: typeof kept, request: typeof person, rounds: number): Promise<string> {
  for (let round = 0; round < rounds / 10; round++) await identify(request);
  const began = process.cpuUsage();
  for (let round = 0; round < rounds; round++) await identify(request);
  const { user, system } = process.cpuUsage(began);
  return ((user + system) / rounds).toFixed(1);
}

console.log(`token, known        ${await microseconds(kept, person, 200_000)} µs`);
console.log(`token, verified     ${await microseconds(anew, person, 10_000)} µs`);
console.log(`key, known          ${await microseconds(kept, partner, 200_000)} µs`);
console.log(`nothing             ${await microseconds(kept, incoming(others), 200_000)} µs`);
