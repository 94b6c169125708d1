/** `Retry-After`: RFC 9110 section 10.2.3. */

const maxSeconds = 3600;

/**
 * Parse the header: the seconds to wait, from 0 to an hour; undefined for no value or an invalid one.
 *
 * @param now milliseconds since the epoch: the header may contain a date.
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  const seconds = parseSeconds(value?.trim() ?? '', now);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), maxSeconds);
}

/** NaN for an invalid value. */
function parseSeconds(text: string, now: number): number {
  if (/^\d+$/.test(text)) return Number(text);
  return httpDate.test(text) ? (Date.parse(text) - now) / 1000 : NaN;
}

/** An HTTP-date: IMF-fixdate, and the two obsolete forms that a recipient must accept (RFC 9110 section 5.6.7). */
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w :-]+( GMT)?$/;
