import { compose } from '#schema/compose.ts';

const subgraphs = ['north', 'east', 'south', 'west'] as const;
const shared = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'] as const;

/** What each of the four subgraphs serves: the same fields, and one of its own. */
export const sharedSdl = (name: string): string => `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
  type Query { start: Place @shareable }
  type Place @key(fields: "id") {
    id: ID!
    next: Place @shareable
    ${shared.map((field) => `${field}: String @shareable`).join(' ')}
    ${name}: String
  }`;

/** A supergraph in which nearly every field can be had of four subgraphs, which gives the planner much to compare. */
export const sharedSupergraph = (urls: Partial<Record<string, string>> = {}): string =>
  compose(subgraphs.map((name) => ({ name, url: urls[name] ?? `http://127.0.0.1:1/${name}`, sdl: sharedSdl(name) }))).supergraph;

/** An operation of so many levels that asks for every field of each; the number makes its text differ from others. */
export function deepOperation(levels: number, number = 0): string {
  const fields = [...shared, ...subgraphs].join(' ');
  const place = (left: number): string => `{ id ${fields} ${left > 0 ? `next ${place(left - 1)}` : ''} }`;
  return `query Deep${number} { start ${place(levels)} }`;
}
