/** A login as it is stored. */

/** An MCP server that is its own authorization server. */
export interface Place {
  readonly origin: string;
  readonly url: string;
}

/** A stored login to `server` with a token that does not expire during the test, and the changes of a test. */
export function loginAt({ origin, url }: Place, changes: object = {}) {
  return {
    ...{ type: 'bearer', token: 'old', expires_at: 4_000_000_000, refresh_token: 'refresh-0', scope: 'read' },
    ...{ issuer: origin, resource: url, client_id: 'client-1', token_endpoint: `${origin}/token` },
    ...changes,
  };
}
