import { z } from 'zod';
import { stranger } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { ServiceName } from '#kit/service-names.ts';
import type { ReachableSettings } from '#kit/upstream-settings.ts';
import type { OnServices, ReachableServices } from '#kit/upstreams.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import type { Dependency } from './probes.ts';
import { reasons, Unwell } from './reason.ts';

/** Where each service tells its health, by its contract; the two that are not written in Rust differ. */
const contractPaths: Partial<Record<ServiceName, string>> = { rag: '/api/v1/health', graph: '/api/v1/public/health' };

/** Some services tell in words that they are not well, and answer 200. */
const Report = z.object({ status: z.string() });

type Parts = {
  readonly settings: ReachableServices;
  readonly onServices?: OnServices | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
};

type ServiceProbes = AsyncDisposable & { readonly dependencies: readonly Dependency[] };

/** Opens connections of their own to every service: health is asked also while its circuit is open or its queue is full. */
export async function openServiceProbes({ settings, onServices, timeoutMs, clock }: Parts): Promise<ServiceProbes> {
  const bare = (services: ReachableServices): ReachableServices =>
    new Map([...services].map(([name, given]) => [name, withoutCredential(given, timeoutMs)] as const));
  const upstreams = await openUpstreams(bare(settings), { clock, onUnexpectedError: () => undefined });
  onServices?.((changed) => upstreams.replace(bare(changed)));
  return {
    dependencies: [...settings.keys()].map((name): Dependency => {
      const connection = upstreams.to(name);
      const probe = (signal: AbortSignal): Promise<number> => {
        const { healthPath = contractPaths[name] ?? '/health' } = connection.settings;
        return ask(
          connection.forCall({ requestId: `health-${name}`, signal, caller: stranger }, { decode: refusal }),
          healthPath,
        );
      };
      return { name, kind: 'service', probe };
    }),
    [Symbol.asyncDispose]: () => upstreams[Symbol.asyncDispose](),
  };
}

function withoutCredential(settings: ReachableSettings, timeoutMs: number): ReachableSettings {
  const { token: _, credential: __, callsPerMinute: ___, ...rest } = settings;
  return { ...rest, prefix: '', timeoutMs, connections: 1, queue: 2, circuitBreaker: false };
}

async function ask(rest: RestClient, path: string): Promise<number> {
  const report = await rest.get(path, { answer: z.unknown() }).catch(unlessPlain);
  const { data } = Report.safeParse(report);
  // The word before anything else counts: `unhealthy: the disk is full`.
  if (/^(unhealthy|down|error|critical)\b/i.test(data?.status ?? '')) throw new Unwell(reasons.ailing, 200);
  return 200;
}

/** An answer that is no JSON is an answer; one that is no success says why. */
function unlessPlain(error: unknown): undefined {
  if (error instanceof ExpectedError && error.code === 'UPSTREAM_INVALID_RESPONSE') return undefined;
  throw error instanceof ExpectedError && error.cause instanceof Unwell ? error.cause : error;
}

/** Every answer that is no success. */
function refusal({ status }: { readonly status: number }): ExpectedError {
  const refused = status === 401 || status === 403;
  const cause = new Unwell(refused ? reasons.refusing : reasons.failing, status);
  return new ExpectedError('UPSTREAM_UNAVAILABLE', cause.message, { cause });
}
