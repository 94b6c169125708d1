/** What was asked of servers while they were looked at. */
import type { Http } from '../effects.js';

/** One request that was answered. */
export interface RecordedResponse {
  readonly url: URL;
  readonly status: number;
  /** RFC 9110 section 6.6.1, as it came. */
  readonly date: string | null;
}

/** The same network, with every answer noted in `visits`: so that what is looked at is what a login does, and nothing else. */
export function recordResponses(http: Http, visits: RecordedResponse[]): Http {
  return {
    allowedNetwork: http.allowedNetwork,
    networkOf: (url) => http.networkOf(url),
    open: (url, request) => http.open(url, request),
    close: () => http.close(),
    withAllowedNetwork: (reach) => recordResponses(http.withAllowedNetwork(reach), visits),
    withServerAccess: (server) => recordResponses(http.withServerAccess(server), visits),
    fetch: async (url, request) => {
      const response = await http.fetch(url, request);
      visits.push({ url: new URL(url), status: response.status, date: response.headers.get('date') });
      return response;
    },
  };
}
