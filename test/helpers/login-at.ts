/** A login as the store has it. */

/** An MCP server that is its own authorization server. */
export interface Place {
  readonly origin: string;
  readonly url: string;
}

/** The tokens of a login to `server`, which expire long after the test, and where they are renewed; and what a test changes of it. */
export function loginAt({ origin, url }: Place, changes: object = {}) {
  return {
    ...{ type: 'bearer', token: 'old', expires_at: 4_000_000_000, refresh_token: 'refresh-0', scope: 'read' },
    ...{ issuer: origin, resource: url, client_id: 'client-1', token_endpoint: `${origin}/token` },
    ...changes,
  };
}
