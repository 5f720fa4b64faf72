/** A variable as operators may see it: its value only where it can be no secret. */
export type DescribedVariable = {
  readonly source: 'set' | 'default' | 'unset';
  readonly value?: number | boolean | string;
};

/** Variables in words whose values may be shown; numbers and flags always may. */
const shown: ReadonlySet<string> = new Set([
  'ENVIRONMENT',
  'LOG_LEVEL',
  'GATEWAY_HOST',
  'API_PREFIX',
  'ADMIN_HOST',
  'METRICS_PATH',
  'HEALTH_PATH',
  'SESSION_CHECK',
  'PERSISTED_OPERATIONS',
  'AUTHORIZATION_MODE',
  'EXECUTOR',
  'RATE_LIMIT_STORAGE',
]);

/** Every variable, whether it was given, and its value unless that could be a secret. */
export function describedVariables(
  names: readonly string[],
  { given, parsed }: { readonly given: ReadonlySet<string>; readonly parsed: Readonly<Record<string, unknown>> },
): Readonly<Record<string, DescribedVariable>> {
  return Object.fromEntries(names.map((name) => [name, described(name, given.has(name), parsed[name])]));
}

function described(name: string, isGiven: boolean, value: unknown): DescribedVariable {
  const source = isGiven ? 'set' : value === undefined ? 'unset' : 'default';
  const isPlain = typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && shown.has(name));
  return { source, ...(isPlain && { value }) };
}
