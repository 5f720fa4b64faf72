import { other } from './room.ts';

/** Paths of the graph service's contract (section 1.1) that this gateway calls, names and ids left open. */
const templates = [
  '/graphs',
  '/graphs/{graph}',
  '/graphs/{graph}/schema',
  '/graphs/{graph}/query',
  '/frames',
  '/query',
  '/query/{job}',
  '/query/{job}/status',
  '/query/{job}/results',
  '/health',
] as const;

const known = templates.map(
  (template) => [template, new RegExp(`^(?:/api/v1/public)?${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`)] as const,
);

/** The template of a path, so that no id stands in a metric. */
export const graphEndpoint = (path: string): string => known.find(([, pattern]) => pattern.test(path))?.[0] ?? other;
