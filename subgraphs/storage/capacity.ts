export type Capacity = {
  readonly total: number;
  readonly used: number;
  readonly available: number;
  readonly utilizationPercent: number;
  readonly status: 'NORMAL' | 'WARNING' | 'CRITICAL';
};

/** Locations warn strictly above 80 % and are critical strictly above 95 % (contract section 5). */
export function capacityOfLocation(total: number, used: number): Capacity {
  const percent = percentOf(total, used);
  return { ...room(total, used), status: percent > 95 ? 'CRITICAL' : percent > 80 ? 'WARNING' : 'NORMAL' };
}

/** Containers warn from 80 % on and are critical from 95 % on. */
export function capacityOfContainer(total: number, used: number): Capacity {
  const percent = percentOf(total, used);
  return { ...room(total, used), status: percent >= 95 ? 'CRITICAL' : percent >= 80 ? 'WARNING' : 'NORMAL' };
}

const room = (total: number, used: number): Omit<Capacity, 'status'> => ({
  total,
  used,
  available: Math.max(0, total - used),
  utilizationPercent: percentOf(total, used),
});

/** Two decimals, as the storage service rounds. */
const percentOf = (total: number, used: number): number => (total === 0 ? 0 : Math.round((used / total) * 10_000) / 100);
