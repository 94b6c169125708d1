/** `Retry-After`: RFC 9110 section 10.2.3. */

/** Seconds: whoever asks for more is asked again all the same. */
const longest = 3600;

/**
 * The seconds that a server wants to be left alone, from 0 to an hour; undefined where it does not say, or nothing that
 * makes sense.
 *
 * @param now milliseconds since the epoch: the header may name a time.
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? '';
  const seconds = /^\d+$/.test(text) ? Number(text) : isHttpDate.test(text) ? (Date.parse(text) - now) / 1000 : NaN;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), longest);
}

/** IMF-fixdate, and the two older forms that a recipient has to take. */
const isHttpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w :-]+( GMT)?$/;
