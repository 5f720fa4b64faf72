import type { Freshness } from './freshness.ts';
import { httpDate } from './http-date.ts';

/** Header fields of an answer by lower-case name; several of one name are a list. */
type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Most seconds that are told apart; more than that count as these (RFC 9111, section 1.2.2). */
const maxSeconds = 2 ** 31;

const forbidden: Freshness = { maxAgeSeconds: 0, isPrivate: false };

/**
 * How long an answer may be kept by its own header fields (RFC 9111, section 4.2): `s-maxage`, else `max-age`, else `Expires`,
 * each less its `Age`. What cannot be read or contradicts itself is not fresh. Undefined when it says nothing of the matter:
 * nothing is guessed from its date, as heuristics would.
 */
export function freshnessOf(headers: Headers, nowMs: number): Freshness | undefined {
  const directives = readDirectives(lines(headers['cache-control']).join(','));
  if (directives === undefined || variesByAnything(headers)) return forbidden;
  const isPrivate = directives.has('private');
  const seconds = lifetime(directives, headers, nowMs);
  // Asked to be careful without being told for how long: not kept.
  if (seconds === undefined) return isPrivate || mustRevalidate(directives) ? { ...forbidden, isPrivate } : undefined;
  return {
    maxAgeSeconds: Math.max(0, seconds - age(headers)),
    isPrivate,
    ...(mustRevalidate(directives) && { mustRevalidate: true }),
  };
}

/** The header value that says this. */
export function cacheControl({ maxAgeSeconds, isPrivate, mustRevalidate: revalidate }: Freshness): string {
  if (maxAgeSeconds < 1) return 'no-store';
  return [
    `max-age=${Math.floor(maxAgeSeconds)}`,
    ...(isPrivate ? ['private'] : []),
    ...(revalidate ? ['must-revalidate'] : []),
  ].join(', ');
}

/** Values of each directive by its lower-case name. */
type Directives = ReadonlyMap<string, readonly string[]>;

/** Undefined when quotation marks stand elsewhere than around a value: what they hide could be meant otherwise. */
function readDirectives(value: string): Directives | undefined {
  const found = new Map<string, string[]>();
  for (const element of split(value)) {
    const [before = '', ...rest] = element.split('=');
    const name = before.trim().toLowerCase();
    const argument = unquoted(rest.join('=').trim());
    if (argument === undefined || name.includes('"')) return undefined;
    const values = found.get(name);
    if (values === undefined) found.set(name, [argument]);
    else values.push(argument);
  }
  return found;
}

/** Cuts a list at its commas, but not at those in quotation marks. */
function split(value: string): readonly string[] {
  if (!value.includes('"')) return value.split(',');
  const elements: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at += 1) {
    if (isQuoted && value[at] === '\\') at += 1;
    else if (value[at] === '"') isQuoted = !isQuoted;
    else if (value[at] === ',' && !isQuoted) {
      elements.push(value.slice(start, at));
      start = at + 1;
    }
  }
  return [...elements, value.slice(start)];
}

function unquoted(value: string): string | undefined {
  if (!value.includes('"')) return value;
  return /^"(?:[^"\\]|\\.)*"$/.test(value) ? value.slice(1, -1) : undefined;
}

const mustRevalidate = (directives: Directives): boolean =>
  directives.has('must-revalidate') || directives.has('proxy-revalidate') || directives.has('s-maxage');

/** Seconds from when the answer was made; what `no-cache` allows only after asking again is not kept either. */
function lifetime(directives: Directives, headers: Headers, nowMs: number): number | undefined {
  if (directives.has('no-store') || directives.has('no-cache')) return 0;
  // Of a private answer it is for one subject's cache to say, and `s-maxage` speaks to shared ones.
  const shared = directives.has('private') ? undefined : directives.get('s-maxage');
  const named = shared ?? directives.get('max-age');
  if (named !== undefined) return agreed(named);
  return headers['expires'] === undefined ? undefined : untilExpiry(headers, nowMs);
}

/** The same directive with two values is taken for stale (RFC 9111, section 4.2.1). */
function agreed(values: readonly string[]): number {
  const [first = '', ...others] = values;
  return /^\d+$/.test(first) && others.every((other) => other === first) ? Math.min(Number(first), maxSeconds) : 0;
}

function untilExpiry({ expires, date }: Headers, nowMs: number): number {
  const ends = httpDate(lines(expires).join(','), nowMs);
  const made = httpDate(lines(date).join(','), nowMs) ?? nowMs;
  return ends === undefined ? 0 : Math.min(Math.floor((ends - made) / 1_000), maxSeconds);
}

/** Seconds since the answer was made; a value that is no number is ignored (RFC 9111, section 5.1). */
function age({ age: given }: Headers): number {
  const [first = ''] = lines(given).join(',').split(',');
  return /^\d+$/.test(first.trim()) ? Math.min(Number(first), maxSeconds) : 0;
}

/** Nobody can tell which other request such an answer would suit. */
const variesByAnything = ({ vary }: Headers): boolean =>
  lines(vary)
    .join(',')
    .split(',')
    .some((name) => name.trim() === '*');

const lines = (field: string | string[] | undefined): readonly string[] => (field === undefined ? [] : [field].flat());
