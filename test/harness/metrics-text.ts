/** The lines of Prometheus' text format that are series. */
export const seriesOf = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** The value of one series, named with its labels as they are written; undefined when there is none. */
export function seriesValue(text: string, series: string): number | undefined {
  const line = seriesOf(text).find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
