/** What was asked of servers while they were looked at. */
import type { Http } from '../context.js';

/** One request that was answered. */
export interface Visit {
  readonly url: URL;
  readonly status: number;
  /** RFC 9110 section 6.6.1, as it came. */
  readonly date: string | null;
}

/** The same network, with every answer noted in `visits`: so that what is looked at is what a login does, and nothing else. */
export function noting(http: Http, visits: Visit[]): Http {
  return {
    ...http,
    within: (reach) => noting(http.within(reach), visits),
    for: (server) => noting(http.for(server), visits),
    fetch: async (url, request) => {
      const response = await http.fetch(url, request);
      visits.push({ url: new URL(url), status: response.status, date: response.headers.get('date') });
      return response;
    },
  };
}
