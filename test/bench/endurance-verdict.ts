import type { Slope } from './slope.ts';
import { fitSlope } from './slope.ts';
import type { Sample } from './watched-gateway.ts';

/** A sample and when it was taken, in minutes from the start. */
export type Timed = Sample & { readonly minute: number };

type Run = { readonly samples: readonly Timed[]; readonly failed: number; readonly minutes: number };

const mostPerHour = 1;

/** Samples before this part of the time are of a process that still warms up. */
const warmUp = 1 / 3;

/** Whether a process that ran for so long grew, in figures and in words. */
export function judged({ samples, failed, minutes }: Run) {
  const counted = samples.filter(({ minute }) => minute >= minutes * warmUp);
  const slopeOf = (figure: 'rss' | 'heapUsed' | 'external'): Slope =>
    fitSlope(counted.map(({ minute, [figure]: bytes }) => [minute / 60, bytes / 2 ** 20]));
  const [resident, heap, external] = [slopeOf('rss'), slopeOf('heapUsed'), slopeOf('external')];
  const handles = rangeOf(counted, 'handles');
  const memory = memoryVerdict(resident);
  // As many sockets and files at the end as at the beginning: what comes and goes in between is pooled.
  const flat = !growsBy(counted, 'handles') && !growsBy(counted, 'active');
  const rows = [
    ['resident MB', ...ends(counted, 'rss'), perHour(resident), `< ${mostPerHour} MB/h`, memory],
    ['heap MB', ...ends(counted, 'heapUsed'), perHour(heap), '', ''],
    ['external MB', ...ends(counted, 'external'), perHour(external), '', ''],
    ['handles', `${handles.least}`, `${handles.most}`, '', 'flat', flat ? 'met' : 'missed'],
    ['loop delay p99 ms', ...delays(counted, 'delayP99Ms'), '', '', ''],
    ['loop delay max ms', ...delays(counted, 'delayMaxMs'), '', '', ''],
    ['wrong answers', '', `${failed}`, '', '0', failed === 0 ? 'met' : 'missed'],
  ];
  return {
    met: memory === 'met' && flat && failed === 0,
    table: [['', 'least', 'most', 'slope per hour', 'target', ''], Array(6).fill('---'), ...rows]
      .map((cells) => `| ${cells.join(' | ')} |`)
      .join('\n'),
    words: memory === 'open' ? ['The interval of the slope holds both growth and none: run it for longer.'] : [],
    figures: { resident, heap, external, handles, failed, memory, flat },
  };
}

/** A slope that is too large is missed only where the interval leaves no doubt. */
function memoryVerdict({ perUnit, plusMinus }: Slope): 'met' | 'missed' | 'open' {
  if (perUnit < mostPerHour) return 'met';
  return perUnit - plusMinus > mostPerHour ? 'missed' : 'open';
}

type Figure = Exclude<keyof Timed, 'minute'>;

function rangeOf(samples: readonly Timed[], figure: Figure) {
  const found = samples.map(({ [figure]: value }) => value);
  return { least: Math.min(...found), most: Math.max(...found) };
}

/** Whether the last quarter holds more at its least than the first quarter ever did. */
function growsBy(samples: readonly Timed[], figure: Figure): boolean {
  const quarter = Math.ceil(samples.length / 4);
  return rangeOf(samples.slice(-quarter), figure).least > rangeOf(samples.slice(0, quarter), figure).most;
}

function ends(samples: readonly Timed[], figure: Figure): readonly string[] {
  const { least, most } = rangeOf(samples, figure);
  return [least, most].map((bytes) => (bytes / 2 ** 20).toFixed(1));
}

function delays(samples: readonly Timed[], figure: Figure): readonly string[] {
  const { least, most } = rangeOf(samples, figure);
  return [least, most].map((ms) => ms.toFixed(0));
}

const perHour = ({ perUnit, plusMinus }: Slope): string => `${perUnit.toFixed(1)} ± ${plusMinus.toFixed(1)}`;

/** What is done from time to time, by the clock of the run. */
export function timesOf(began: number) {
  const last = new Map<string, number>();
  return {
    minute: (): number => (performance.now() - began) / 60_000,
    isDue(name: string, everyMs: number): boolean {
      const now = performance.now();
      if (now - (last.get(name) ?? began) < everyMs) return false;
      last.set(name, now);
      return true;
    },
  };
}
