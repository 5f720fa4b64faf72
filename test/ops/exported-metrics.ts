import { declarations } from '#ops/metrics.ts';

/** Of the process itself, as its client library names them. */
const ofProcess = ['process_cpu_seconds_total', 'process_resident_memory_bytes'];

/** What a gateway exports, by the names that stand in a scrape: a histogram has three. */
export const exportedNames: ReadonlySet<string> = new Set([
  ...Object.values(declarations).flatMap(({ name, kind }) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
  ...ofProcess,
]);
