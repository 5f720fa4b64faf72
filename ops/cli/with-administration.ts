import { userInfo } from 'node:os';
import { systemClock } from '#kit/clock.ts';
import type { Administration } from '#kit/organizations/administration.ts';
import { administration } from '#kit/organizations/administration.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { openBus, openStore } from '#kit/organizations/open-store.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import type { Environment } from '#kit/upstream-settings.ts';

type Opened = Administration & { readonly store: OrganizationStore };

/** Opens what the environment names for one command, and closes it. */
export async function withAdministration<Result>(
  environment: Environment,
  command: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  const settings = readOrganizationSettings(environment);
  await using store = await openStore(settings);
  await using bus = await openBus(settings, warnOnce());
  const origin = { method: 'CLI', userAgent: `lab-gateway-cli (${personAtTerminal()})` };
  const hasher = keyHasher(settings.peppers);
  return await command({ store, ...administration({ store, bus, hasher, clock: systemClock, origin }) });
}

/** A connection that fails says so several times. */
function warnOnce(): (error: unknown) => void {
  let isWarned = false;
  return (error) => {
    if (isWarned) return;
    isWarned = true;
    const why = error instanceof Error ? error.message : String(error);
    console.error(`Redis could not be told, so gateways follow within 5 s: ${why}`);
  };
}

/** In a container the user often has a number and no name. */
function personAtTerminal(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.()}`;
  }
}
