import { readEnvironment } from '#kit/environment.ts';
import { organizationVariables } from '#kit/organizations/settings.ts';
import { untilAborted } from '#kit/until-aborted.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import { upstreamVariables } from '#kit/upstream-settings.ts';
import { reasons } from '#ops/health/reason.ts';
import type { Command } from './command.ts';
import type { Patient } from './doctor/patients.ts';
import { patients } from './doctor/patients.ts';
import { reasonFor } from './doctor/reason-for.ts';
import { sayRows } from './print.ts';
import { commonOptions, readDuration, readWords } from './words.ts';

const help = `Asks everything that a gateway with these variables needs, from here: services by their health path, Redis, the store of
organizations, Consul, Vault, public keys, supergraph. Tells how long each took, or why it is of no use and what to do.

  npm run cli -- doctor
  REDIS_URL=redis://127.0.0.1:6379 npm run cli -- doctor --json

  --timeout  time for each of them (5s)
  --json     print [{"name", "outcome", "milliseconds", "advice"}]

Exit code 0 when all that is configured answers, 1 when anything does not.`;

/** Variables of this command that may come from files, beside those of services and organizations. */
const others = ['REDIS_CACHE_URL', 'RATE_LIMIT_STORAGE_URL', 'REDIS_CA_FILE', 'SERVICES_PATH', 'JWT_JWKS_URL'];

export const doctor: Command = {
  summary: 'ask everything that a gateway needs, and tell what to do',
  help,
  async run(words, given) {
    const { values } = readWords(words, [], { ...commonOptions, timeout: { type: 'string', default: '5s' } });
    const timeoutMs = readDuration('--timeout', values.timeout);
    await using opening = new AsyncDisposableStack();
    const found = await patients({ environment: await environmentOf(given), given, timeoutMs, opening });
    const rows = await Promise.all(found.map((patient) => examined(patient, timeoutMs)));
    sayRows(rows, values);
    return rows.every(({ outcome }) => outcome === 'ok' || outcome === 'not configured') ? 0 : 1;
  },
};

/** Vault is examined like everything else; what it holds is wanted only when it answers. */
async function environmentOf(given: Environment): Promise<Environment> {
  const names = [...upstreamVariables, ...organizationVariables, ...others];
  const withoutVault = { ...given, VAULT_ADDR: undefined };
  return given['VAULT_ADDR']
    ? readEnvironment(given, names).catch(() => readEnvironment(withoutVault, names))
    : readEnvironment(given, names);
}

type Row = {
  readonly name: string;
  readonly outcome: string;
  readonly milliseconds: number | undefined;
  readonly advice: string | undefined;
};

async function examined({ name, ask, advice, none }: Patient, timeoutMs: number): Promise<Row> {
  if (ask === undefined) return { name, outcome: 'not configured', milliseconds: undefined, advice: none };
  const signal = AbortSignal.timeout(timeoutMs);
  const began = performance.now();
  try {
    await untilAborted(ask(signal), signal, () => new Error(reasons.late));
    return { name, outcome: 'ok', milliseconds: Math.round((performance.now() - began) * 10) / 10, advice: undefined };
  } catch (error) {
    return { name, outcome: reasonFor(error, signal), milliseconds: undefined, advice };
  }
}
