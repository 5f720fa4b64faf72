import { z } from 'zod';

const amount = z.number().min(0).max(1e9);
const count = z.int().min(0).max(1e9);

const OperationLimit = z.strictObject({
  /** Uses of the field in one window, spread evenly: a full window at once, then one each windowSeconds / limit. */
  limit: count,
  windowSeconds: z
    .number()
    .positive()
    .max(86_400 * 31),
});

/** Further budgets of points, such as one for a day. */
const windows = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  z.strictObject({ points: amount, windowSeconds: z.number().positive() }),
);
/** Limits of single fields by coordinate, for each person or organization. */
const operations = z.record(z.string().regex(/^\w+\.\w+$/), OperationLimit);
/** What holds while Redis cannot be asked: this replica's share, everything, or nothing. */
const whenAway = z.enum(['local', 'open', 'closed']);

const Plan = z.strictObject({
  requestsPerMinute: count,
  /** Points that may be spent at once. */
  capacity: amount,
  /** Points restored each second. */
  restorePerSecond: amount,
  /** Points that one operation may cost. */
  maxQueryCost: amount,
  /** Operations that may run at once. */
  maxInFlight: count,
  windows: windows.default({}),
  operations: operations.default({}),
  whenAway: whenAway.default('local'),
});

export type Plan = Readonly<z.infer<typeof Plan>>;

/** What one organization or key has otherwise than its plan, perhaps only until a moment. */
export const PlanOverride = z.strictObject({
  requestsPerMinute: count.exactOptional(),
  capacity: amount.exactOptional(),
  restorePerSecond: amount.exactOptional(),
  maxQueryCost: amount.exactOptional(),
  maxInFlight: count.exactOptional(),
  windows: windows.exactOptional(),
  operations: operations.exactOptional(),
  whenAway: whenAway.exactOptional(),
  until: z.iso.datetime().exactOptional(),
});

export type PlanOverride = Readonly<z.infer<typeof PlanOverride>>;

/** What an organization's record says of its limits: for all of its keys, and for single ones. */
const OrganizationLimits = PlanOverride.extend({ keys: z.record(z.string(), PlanOverride).exactOptional() });

/**
 * Reads what organizations' records say of their limits, once per record: for a key of one that of all its keys, then its own,
 * each until its own end. What cannot be read is no override.
 */
export function overrideReader(): (limits: object | undefined, keyId: string | undefined) => readonly PlanOverride[] {
  const known = new WeakMap<object, z.infer<typeof OrganizationLimits>>();
  const read = (limits: object): z.infer<typeof OrganizationLimits> => {
    const parsed = known.get(limits) ?? OrganizationLimits.safeParse(limits).data ?? {};
    known.set(limits, parsed);
    return parsed;
  };
  return (limits, keyId) => {
    if (limits === undefined) return [];
    const { keys, ...all } = read(limits);
    const own = keyId === undefined ? undefined : keys?.[keyId];
    return own === undefined ? [all] : [all, own];
  };
}

const Plans = z
  .record(z.string().min(1), Plan)
  .refine(
    (plans) => plans['default'] !== undefined && plans['anonymous'] !== undefined,
    'must have the plans default and anonymous',
  );

export type Plans = ReadonlyMap<string, Plan>;

/** The plans that come along, as design section 5 lists them. */
export const shippedPlans = new URL('plans.json', import.meta.url);

/** Reads a file of plans. @throws Error with one line for each thing that is wrong in it */
export function readPlans(text: string): Plans {
  const parsed = Plans.safeParse(readJson(text));
  if (parsed.success) return new Map(Object.entries(parsed.data));
  throw new Error(parsed.error.issues.map(({ path, message }) => `plans: ${path.join('.')}: ${message}`).join('\n'));
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('plans: the file is not JSON.', { cause });
  }
}
