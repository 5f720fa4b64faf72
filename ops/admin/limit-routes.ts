import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import { checked } from '#kit/input.ts';
import type { OrganizationParts } from '#kit/organizations/administration.ts';
import { administration } from '#kit/organizations/administration.ts';
import type { Organization } from '#kit/organizations/records.ts';
import type { Plan } from '#kit/plans.ts';
import { PlanOverride } from '#kit/plans.ts';
import type { TellDeed } from './deeds.ts';
import { actor } from './deeds.ts';

/** What somebody has left at the moment. */
type Looked = {
  readonly plan: string;
  readonly limits: Plan;
  readonly throttle: {
    readonly maximumAvailable: number;
    readonly currentlyAvailable: number;
    readonly restoreRate: number;
    readonly requests: { readonly limit: number; readonly remaining: number };
  };
  /** Fields that the plan limits, by coordinate. */
  readonly operations: Readonly<Record<string, { readonly limit: number; readonly remaining: number }>>;
};

/** Looks at an organization's budget, or at one person of it, and takes nothing. */
export type Look = (organization: Organization, subject?: string) => Promise<Looked>;

type Parts = {
  readonly organizations: OrganizationParts;
  readonly look: Look;
  readonly blocked: () => Promise<readonly unknown[]>;
  /** The organization of people whose id is asked for. */
  readonly laboratory: string;
  readonly clock: Clock;
  readonly tell: TellDeed;
};

type Named = { readonly Params: { readonly organization: string } };

export function limitRoutes(app: FastifyInstance, { organizations, look, blocked, laboratory, clock, tell }: Parts): void {
  const { store } = organizations;
  const known = async (id: string): Promise<Organization> => {
    const found = await store.organization(id);
    if (found === undefined || found.status === 'deleted') throw new ExpectedError('NOT_FOUND', 'There is no such organization.');
    return found;
  };
  const change = async (
    id: string,
    request: { readonly id: string; readonly ip: string; readonly method: string },
    limits: object,
  ) => {
    const { limits: { keys } = {} } = await known(id);
    const origin = { actor, sourceIp: request.ip, method: request.method, requestId: request.id };
    const office = administration({ ...organizations, clock, origin });
    // What single keys have of their own stays.
    const changed = await office.organizations.change(id, { limits: { ...limits, ...(keys !== undefined && { keys }) } });
    tell(request, { deed: 'rate-limits', detail: JSON.stringify(limits), organizationId: id, isRecorded: true });
    return changed;
  };
  const shown = async (organization: Organization) => {
    const { plan, limits, throttle } = await look(organization);
    return { organization: organization.id, plan, limits, override: organization.limits ?? {}, throttle };
  };
  const path = '/admin/rate-limits/:organization';
  app.get<Named>(path, async ({ params }) => shown(await known(params.organization)));
  app.put<Named>(path, async (request) =>
    shown(await change(request.params.organization, request, checked(PlanOverride, request.body, 'body'))),
  );
  app.delete<Named>(path, async (request) => shown(await change(request.params.organization, request, {})));
  app.get<{ Querystring: { user_id?: string } }>('/api/v3/rate-limit/status', async ({ query }) => {
    const id = query.user_id;
    if (typeof id !== 'string' || id === '')
      throw new ExpectedError('BAD_REQUEST', 'user_id: names an organization or a person.');
    const organization = await store.organization(id);
    const looked = organization === undefined ? await look(await home(), id) : await look(organization);
    return seedStatus(id, looked, (await blocked()).length);
  });
  const home = async (): Promise<Organization> =>
    (await store.organization(laboratory)) ?? {
      id: laboratory,
      name: laboratory,
      plan: 'default',
      status: 'active',
      createdAt: new Date(clock.now()),
    };
}

/** The words of the batch service (graph and batch contracts, section 3.4); there is no budget of all callers together. */
const seedStatus = (id: string, { plan, throttle, operations }: Looked, blockedCount: number) => ({
  user_id: id,
  user_tier: plan,
  tokens_remaining: throttle.currentlyAvailable,
  tokens_capacity: throttle.maximumAvailable,
  refill_rate: throttle.restoreRate,
  requests_remaining: throttle.requests.remaining,
  requests_capacity: throttle.requests.limit,
  global_tokens_remaining: null,
  blocked_ips_count: blockedCount,
  endpoint_limits: Object.fromEntries(
    Object.entries(operations).map(([name, { limit, remaining }]) => [name, { tokens_remaining: remaining, capacity: limit }]),
  ),
});
