/** How many points may run at once. It is open to the top while the process keeps up. */
export type Window = {
  readonly points: number;
  /** What ran at once when the process fell behind; it opens to the top again beyond that. */
  readonly before: number;
};

type Measured = {
  /** True when the event loop fell behind since the time before. */
  readonly isLate: boolean;
  /** Most points that ran at once since then. */
  readonly peak: number;
};

/** So much may always run: a process that falls behind with less to do than this does so for another reason. */
const least = 100;

export const openWindow = (most: number): Window => ({ points: most, before: 0 });

/**
 * Halves what may run at once each time the process has fallen behind, and doubles it each time it kept up, until more may
 * run than when it fell behind first. What is dear no longer fits first.
 */
export function nextWindow(window: Window, { isLate, peak }: Measured, most: number): Window {
  const isOpen = window.points === most;
  if (isLate) {
    const half = (isOpen ? peak : window.points) / 2;
    return { points: Math.min(most, Math.max(least, half)), before: isOpen ? peak : window.before };
  }
  if (isOpen) return window;
  const points = Math.min(most, 2 * window.points);
  return points > window.before ? openWindow(most) : { ...window, points };
}
