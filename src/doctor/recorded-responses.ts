/** Records the responses to the requests of the checks. */
import type { Http } from '../effects.js';

/** The URL and the status of a response. */
export interface RecordedResponse {
  readonly url: URL;
  readonly status: number;
  /** The Date header as received (RFC 9110 section 6.6.1). */
  readonly date: string | null;
}

/** Wraps `http` and adds every response to `responses`, so that the checks make the same requests as a login. */
export function recordResponses(http: Http, responses: RecordedResponse[]): Http {
  return {
    allowedNetwork: http.allowedNetwork,
    networkOf: (url) => http.networkOf(url),
    open: (url, request) => http.open(url, request),
    close: () => http.close(),
    withAllowedNetwork: (network) => recordResponses(http.withAllowedNetwork(network), responses),
    withServerAccess: (server) => recordResponses(http.withServerAccess(server), responses),
    fetch: async (url, request) => {
      const response = await http.fetch(url, request);
      responses.push({ url: new URL(url), status: response.status, date: response.headers.get('date') });
      return response;
    },
  };
}
