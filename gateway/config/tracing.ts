import querystring from 'node:querystring';
import { z } from 'zod';
import type { ProcessVariables } from './process.ts';
import type { Values } from './values.ts';
import { flag } from './values.ts';

const headers = z
  .string()
  .regex(/^([^=,\s]+=[^,]*)(,[^=,\s]+=[^,]*)*$/, 'is a list such as api-key=secret,tenant=lab')
  .transform((text) =>
    Object.fromEntries(
      text
        .split(',')
        .map((pair) => [pair.slice(0, pair.indexOf('=')), querystring.unescape(pair.slice(pair.indexOf('=') + 1).trim())]),
    ),
  );

/** Where traces go, by the names of the OpenTelemetry specification. */
export const tracingVariables = {
  /** Base address of a collector that takes OTLP over HTTP; no traces without one. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  /** Headers of every export, `name=value` with commas between; values may be percent-encoded. */
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional(),
  OTEL_SERVICE_NAME: z.string().default('lab-gateway'),
  /** Part of the traces begun here that is kept, 0 to 1; traces that a client began follow its choice. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).optional(),
  /** False switches traces off although a collector is named; true without a collector is an error. */
  APM_ENABLED: flag.optional(),
};

type Variables = Values<typeof tracingVariables>;

/** Undefined where no traces are wanted. @throws Error where they are wanted and no collector is named */
export function tracingSettings(variables: Variables & ProcessVariables) {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, APM_ENABLED: wanted = endpoint !== undefined, ENVIRONMENT } = variables;
  if (!wanted) return undefined;
  if (endpoint === undefined) throw new Error('OTEL_EXPORTER_OTLP_ENDPOINT: is not set, and APM_ENABLED=true needs it');
  return Object.freeze({
    endpoint,
    headers: variables.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    serviceName: variables.OTEL_SERVICE_NAME,
    ratio: variables.OTEL_TRACES_SAMPLER_ARG ?? (ENVIRONMENT === 'production' ? 0.1 : 1),
    environment: ENVIRONMENT,
  });
}
