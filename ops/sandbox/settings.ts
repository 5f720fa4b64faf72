import type { ServiceName } from '#kit/service-names.ts';
import type { UpstreamSettings } from '#kit/upstream-settings.ts';
import { sandboxGraphKey } from './data/graph-key.ts';

/** What a gateway in development must present to the sandbox: a directory account and the graph service's key. */
export function developmentSettings(service: ServiceName): Partial<UpstreamSettings> {
  if (service === 'auth') return { accountEmail: 'admin@lab.example', accountPassword: 'sandbox' };
  if (service === 'graph') return { token: sandboxGraphKey };
  return {};
}
