/**
 * A budget that remembers every booking and replays all of them for each question, in fractions without rounding:
 * slow, and right by looking at it.
 */
export function allKnowing({ capacity, perSecond }: { readonly capacity: number; readonly perSecond: number }) {
  const unit = 1_000_000n;
  const rate = BigInt(Math.round(perSecond * 1e6));
  const cap = BigInt(capacity * 1e6) * unit;
  const bookings: { readonly at: bigint; readonly amount: bigint }[] = [];
  const open = new Map<string, { readonly amount: bigint; readonly deadline: bigint }>();
  const inUnits = (points: number): bigint => BigInt(Math.round(points * 1e6)) * unit;
  const most = (left: bigint, right: bigint): bigint => (left > right ? left : right);

  const levelAt = (now: bigint): bigint => {
    let level = 0n;
    let at = 0n;
    for (const booking of bookings) {
      level = most(0n, level - (booking.at - at) * rate) + booking.amount;
      level = level > 2n * cap ? 2n * cap : level;
      at = booking.at;
    }
    return most(0n, level - (now - at) * rate);
  };
  const expire = (now: bigint): void => {
    const due = [...open].filter(([, { deadline }]) => deadline <= now).sort(([, a], [, b]) => Number(a.deadline - b.deadline));
    for (const [name, { amount, deadline }] of due) {
      bookings.push({ at: deadline, amount });
      open.delete(name);
    }
  };
  return {
    /** Points that are free, as a fraction of a millionth; below zero when it does not fit. */
    slack(nowMicros: number, points: number): number {
      const now = BigInt(nowMicros);
      expire(now);
      const outstanding = [...open.values()].reduce((sum, { amount }) => sum + amount, 0n);
      return Number(cap - outstanding - levelAt(now) - inUnits(points)) / 1e6;
    },
    open: (): readonly string[] => [...open.keys()],
    hold(name: string, { at, points, lifetimeMs }: { at: number; points: number; lifetimeMs: number }): void {
      open.set(name, { amount: inUnits(points), deadline: BigInt(at) + BigInt(lifetimeMs) * 1_000n });
    },
    book(nowMicros: number, points: number): void {
      bookings.push({ at: BigInt(nowMicros), amount: inUnits(points) });
    },
    take(nowMicros: number, name: string): boolean {
      expire(BigInt(nowMicros));
      return open.delete(name);
    },
  };
}
