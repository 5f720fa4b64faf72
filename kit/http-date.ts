const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const forms = [
  /^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
];

/**
 * Reads a date of a header field, in any of its three forms (RFC 9110, section 5.6.7), to milliseconds since the Unix epoch;
 * undefined for what is none.
 */
export function httpDate(value: string, nowMs: number): number | undefined {
  const found = forms.map((form) => form.exec(value.trim())?.groups).find((groups) => groups !== undefined);
  if (found === undefined) return undefined;
  const month = months.indexOf(found['month'] ?? '') + 1;
  const moment = Date.parse(
    `${fullYear(found['year'] ?? '', nowMs)}-${pad(month)}-${pad(Number(found['day']))}T${found['time']}Z`,
  );
  return Number.isNaN(moment) ? undefined : moment;
}

/** A year of two digits that seems more than 50 years ahead is the last one that ended so. */
function fullYear(year: string, nowMs: number): string {
  if (year.length === 4) return year;
  const thisYear = new Date(nowMs).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + Number(year);
  return String(inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury);
}

const pad = (part: number): string => String(part).padStart(2, '0');
