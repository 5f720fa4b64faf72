import type { Sample } from '#ops/scaling/advice.ts';
import { scalingAdvice } from '#ops/scaling/advice.ts';
import { adminOf, askAdmin } from './ask-admin.ts';
import type { Command } from './command.ts';
import { say } from './print.ts';
import { commonOptions, readDuration, readPlaces } from './words.ts';

type Dashboard = {
  readonly system_health: { readonly cpu_percent: number; readonly memory_percent: number };
  readonly performance: { readonly requests_per_second: number; readonly p95_response_time_ms: number };
};

export const scale: Command = {
  summary: 'whether there should be more gateways, or fewer',
  help: `Asks every gateway how busy it is, and says how many there should be; for places without an autoscaler. ops/deploy/SIZING.md
tells at which figures. Twice as many follow 5 minutes after a change at the soonest, half as many 10 minutes after it.

  npm run cli -- scale http://10.0.0.5:9090 http://10.0.0.6:9090 http://10.0.0.7:9090 --changed 20m

  <url>      listener for operators, of every gateway
  --token    ADMIN_TOKEN of the gateways (that of the environment)
  --changed  how long ago their number was changed, such as 20m (a day)
  --json     print { direction, replicas, reason }`,
  async run(words, environment) {
    const { places, values } = readPlaces(words, 'gateway', {
      ...commonOptions,
      token: { type: 'string' },
      changed: { type: 'string', default: '1d' },
    });
    const sinceChangeMs = readDuration('--changed', values.changed);
    const samples = await Promise.all(places.map((url) => sampleOf(adminOf({ url, token: values.token }, environment))));
    const advice = scalingAdvice(samples, sinceChangeMs);
    return say(values.json ? JSON.stringify(advice) : `${advice.direction}: ${advice.replicas} replicas (${advice.reason})`);
  },
};

async function sampleOf(admin: ReturnType<typeof adminOf>): Promise<Sample> {
  const { system_health: system, performance } = await askAdmin<Dashboard>(admin, {
    method: 'GET',
    path: '/api/v3/monitoring/dashboard',
  });
  return {
    cpuPercent: system.cpu_percent,
    memoryPercent: system.memory_percent,
    requestsPerMinute: performance.requests_per_second * 60,
    p95Ms: performance.p95_response_time_ms,
  };
}
