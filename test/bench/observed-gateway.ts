import { readConfig } from '#gateway/config.ts';
import { systemClock } from '#kit/clock.ts';
import { openInstruments } from '#ops/instruments.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

/*
 * The gateway over the sandbox whose addresses are the first argument as JSON, without limits and cache, for an
 * administrator. With `unheard` as the second nobody hears its stages; else they are counted and written down as the
 * product does, and traced where the variables name a collector.
 */

const urls: Readonly<Record<string, string>> = JSON.parse(process.argv[2] ?? '{}');
const config = readConfig({ ...process.env, ENVIRONMENT: 'test', RATE_LIMIT_ENABLED: 'false', CACHE_ENABLED: 'false' });
const { logger, observer, onCall } = await openInstruments({ settings: config.log, clock: systemClock });
if (config.tracing !== undefined) {
  const { openTracing } = await import('#ops/tracing.ts');
  openTracing(config.tracing, (error) => console.error(error));
}
const { gateway } = await startLaboratory({
  urls,
  env: { MAX_REQUESTS_PER_SOCKET: '0', RATE_LIMIT_ENABLED: 'false' },
  ...(process.argv[3] !== 'unheard' && { logger, observer, onCall }),
});
console.log(JSON.stringify({ url: `${gateway.url}/graphql` }));
process.once('SIGTERM', () => process.exit(0));
