/** How something changes with time, by least squares. */
export type Slope = {
  /** Change of y for each unit of x. */
  readonly perUnit: number;
  /** Half the width of the interval that holds the true slope with 95 %; not a number for fewer than four points. */
  readonly plusMinus: number;
};

type Point = readonly [x: number, y: number];

/**
 * Fits a line. Samples of a process resemble their neighbours, so there are fewer independent ones than points: the
 * interval is widened by the correlation of each residual with the next.
 */
export function fitSlope(points: readonly Point[]): Slope {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = sum(points.map(([x]) => (x - meanX) ** 2));
  const perUnit = sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / spread;
  const residuals = points.map(([x, y]) => y - meanY - perUnit * (x - meanX));
  const squares = sum(residuals.map((residual) => residual ** 2));
  const likeness = squares === 0 ? 0 : sum(residuals.slice(1).map((next, at) => next * (residuals[at] ?? 0))) / squares;
  const held = Math.min(0.95, Math.max(0, likeness));
  const widened = Math.sqrt((1 + held) / (1 - held));
  const freedom = points.length - 2;
  const standardError = freedom < 2 ? Number.NaN : Math.sqrt(squares / freedom / spread) * widened;
  return { perUnit, plusMinus: student95(freedom) * standardError };
}

/** The two-sided 95 % quantile of Student's distribution, within 2 % from four degrees of freedom on. */
const student95 = (freedom: number): number => 1.96 + 2.4 / freedom + 3.6 / freedom ** 2;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
