/** The limits of an agent: octets, milliseconds and numbers. Those of a restricted socket bind another machine, which may be hostile. */
export const limits = {
  /** One MCP message. */
  messageOctets: 32 * 1024 * 1024,
  /** All messages that are being received over one restricted socket. */
  messageOctetsAtOnce: 64 * 1024 * 1024,
  /** Taken from that for each part of a message, in addition to its octets: parts of one octet need more memory than they have octets. */
  partOctets: 128,
  /** A question in JSON. */
  questionOctets: 64 * 1024,
  connections: { owner: 1000, restricted: 200 },
  /** Of one restricted socket, in a minute. */
  requestsPerMinute: 6000,
  tokensPerMinute: 120,
  loginsPerHour: 10,
  /** Questions to the user that wait at once, from all sockets, and about one host: a hostile one must not keep the others from asking. */
  questions: 50,
  questionsOfHost: 10,
  /** Characters of a URL's host and of scopes in a question: the user has to see them whole. */
  shownCharacters: 120,
  /** How long a request waits for the user. */
  questionWait: 60_000,
  /** Restricted sockets at once. */
  shares: 100,
  /** Addresses for messages that servers with the older transport have named, of one socket. */
  endpoints: 100,
} as const;

/** Limits of Node's server, in milliseconds and octets. */
export const serverLimits = {
  maxHeaderSize: 32 * 1024,
  headersTimeout: 10_000,
  /** For the whole request: a large message over a slow connection. */
  requestTimeout: 120_000,
  keepAliveTimeout: 75_000,
} as const;
