/** The messages between the terminal and the relay: JSON in snake_case, durations in seconds. */

export const paths = {
  /** The page that the user opens, and under it what belongs to one session. */
  session: '/s',
  callback: '/callback',
  client: '/client.json',
} as const;

/** `PUT /s/ID`, with the secret as a bearer token. Opens the session, or opens it again after the relay was restarted. */
export interface OpenMessage {
  readonly public_key: string;
  /** SHA-256 of the secret. */
  readonly secret_hash: string;
  readonly authorization_url: string;
  /** Of the authorization request; it starts with the session's ID and a dot. */
  readonly state: string;
  /** How the authorization response comes back: `fragment` keeps it from the relay. */
  readonly response_mode: 'query' | 'fragment';
  /** `hashShortCode` of the short code. */
  readonly code_hash: string;
  /** The MCP server, as the page shows it. */
  readonly server: string;
  readonly scope?: string;
  readonly expires_in: number;
}

/** The response to `GET /s/ID/answer`, which waits: 200 with this, or 204 to ask again. 404: open the session again. */
export interface AnswerMessage {
  /** The parameters of the authorization response, sealed to the public key with the session's ID as context. */
  readonly sealed: string;
  /** The short code that the user typed. Absent if the response is an error. */
  readonly code?: string;
}

/** `POST /s/ID/outcome`: how the login ended, for the page that waits. */
export interface OutcomeMessage {
  readonly ok: boolean;
}

/** The redirect URI of a relay. */
export function redirectUriOf(relayUrl: string): string {
  return `${relayUrl}${paths.callback}`;
}

/** The client-ID metadata document of a relay, which is its client id. */
export function clientIdOf(relayUrl: string): string {
  return `${relayUrl}${paths.client}`;
}
