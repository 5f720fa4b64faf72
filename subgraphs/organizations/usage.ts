import type { UsageRow } from '#kit/organizations/records.ts';

/** The last days as the store names them, in UTC and both included; the last one is that of `now`. */
export function lastDays(count: number, now: number): { readonly from: string; readonly to: string } {
  const day = (ago: number): string => new Date(now - ago * 86_400_000).toISOString().slice(0, 10);
  return { from: day(count - 1), to: day(0) };
}

type UsageDay = {
  readonly day: string;
  readonly requests: number;
  readonly points: number;
  readonly keys: readonly { readonly apiKeyId: string | null; readonly requests: number; readonly points: number }[];
};

/** Rows of an organization, which are sorted by day, as days. */
export function usageDays(rows: readonly UsageRow[]): readonly UsageDay[] {
  return [...Map.groupBy(rows, ({ day }) => day)].map(([day, ofDay]) => ({
    day,
    requests: sum(ofDay.map(({ requests }) => requests)),
    points: sum(ofDay.map(({ points }) => points)),
    // People come without a key.
    keys: ofDay.map(({ apiKeyId, requests, points }) => ({ apiKeyId: apiKeyId || null, requests, points })),
  }));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
