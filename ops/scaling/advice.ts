/** What one gateway measured: processor and memory of its machine, requests and times of its own. */
export type Sample = {
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly requestsPerMinute: number;
  readonly p95Ms: number;
};

export type Advice = {
  readonly direction: 'up' | 'down' | 'hold';
  /** How many replicas there should be. */
  readonly replicas: number;
  readonly reason: string;
};

/** Where each figure asks for more replicas, and up to where it is content with fewer; SIZING.md tells people the same. */
export const triggers: Readonly<Record<keyof Sample, { readonly up: number; readonly down: number }>> = {
  cpuPercent: { up: 70, down: 30 },
  memoryPercent: { up: 80, down: 40 },
  requestsPerMinute: { up: 1_000, down: 300 },
  p95Ms: { up: 500, down: 200 },
};

export const bounds = { least: 3, most: 50 };
/** How long after a change of their number replicas are left alone. */
export const coolDownsMs = { up: 300_000, down: 600_000 };
/** Twice as many, or half of them. */
const factors = { up: 2, down: 0.5 };

/**
 * Whether a set of gateways should grow or shrink, where no autoscaler decides: it grows when one figure asks for it, and shrinks
 * when all are content. The bounds hold at once, whatever was changed just now.
 * @param samples one for each replica
 * @param sinceChangeMs time since their number was changed
 */
export function scalingAdvice(samples: readonly Sample[], sinceChangeMs: number): Advice {
  const replicas = samples.length;
  if (replicas < bounds.least) return { direction: 'up', replicas: bounds.least, reason: `fewer than ${bounds.least}` };
  if (replicas > bounds.most) return { direction: 'down', replicas: bounds.most, reason: `more than ${bounds.most}` };
  const { direction, reason } = wanted(samples);
  if (direction === 'hold') return { direction, replicas, reason };
  const next = within(Math.ceil(replicas * factors[direction]));
  if (next === replicas) return { direction: 'hold', replicas, reason: `${reason}, but ${replicas} is the bound` };
  if (sinceChangeMs < coolDownsMs[direction])
    return { direction: 'hold', replicas, reason: `${reason}, but was changed just now` };
  return { direction, replicas: next, reason };
}

function wanted(samples: readonly Sample[]): Pick<Advice, 'direction' | 'reason'> {
  const figures = Object.entries(triggers).map(([name, { up, down }]) => {
    const value = mean(samples.map((sample) => sample[name as keyof Sample]));
    return { up, down, value, text: `${name} ${Math.round(value)}` };
  });
  const high = figures.filter(({ value, up }) => value >= up);
  if (high.length > 0) return { direction: 'up', reason: high.map(({ text }) => text).join(', ') };
  const isQuiet = figures.every(({ value, down }) => value <= down);
  return { direction: isQuiet ? 'down' : 'hold', reason: figures.map(({ text }) => text).join(', ') };
}

const within = (replicas: number): number => Math.min(Math.max(replicas, bounds.least), bounds.most);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
