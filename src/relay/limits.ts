/** The limits of a relay, in milliseconds and octets. */
export const limits = {
  sessions: 10_000,
  /** New sessions of one address. */
  sessionsPerMinute: 20,
  addresses: 10_000,
  lifetime: { least: 60_000, most: 1_800_000 },
  openMessage: 16 * 1024,
  /** A sealed response, which is base64url of what fits into the headers of a request. */
  response: 32 * 1024,
  form: 1024,
  outcome: 1024,
  /** Logins of one browser at a time: each has a cookie. */
  cookies: 20,
  /** How long the terminal waits in one request: less than proxies do. */
  poll: 25_000,
  /** How long the page waits for the end of the login. */
  outcomeWait: 15_000,
  codes: 5,
  /** How long a session is kept after its end, for its page. */
  afterEnd: 60_000,
  /** Between two removals of what has expired. */
  sweep: 60_000,
} as const;
