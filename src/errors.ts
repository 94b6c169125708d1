/** Exit codes, by what they mean for a script. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  loginNeeded: 3,
  refused: 4,
  timedOut: 5,
  network: 6,
  interrupted: 130,
} as const;

/** Exit codes in words, for the help and the manual page. */
export const exitCodeMeanings = {
  done: 'done',
  failed: 'failed',
  usage: 'usage error',
  loginNeeded: 'login needed',
  refused: 'access denied',
  timedOut: 'timed out',
  network: 'network or server error',
  interrupted: 'interrupted',
} as const satisfies Record<keyof typeof exitCodes, string>;

/** All error codes, and the exit code of each. Codes are public interface: scripts read them. */
const exitCodeOf = {
  // The command itself: a bug, wrong usage, or closed output.
  internal: exitCodes.failed,
  usage: exitCodes.usage,
  output_failed: exitCodes.failed,

  // The store and its preferences: it cannot be read, written or locked, or its login cannot be used.
  store_invalid: exitCodes.failed,
  store_unreadable: exitCodes.failed,
  store_unwritable: exitCodes.failed,
  store_locked: exitCodes.failed,
  /** The database that the store is in cannot be reached. */
  store_away: exitCodes.network,
  /** The store is sealed, and the identity that opens it is missing or is another one. */
  identity_needed: exitCodes.failed,
  /** A sealed part of the store was changed, or moved to another place. */
  seal_broken: exitCodes.failed,
  preferences_invalid: exitCodes.failed,
  login_needed: exitCodes.loginNeeded,
  renewed_too_often: exitCodes.failed,
  /** The server of that name is not a remote one, or does not use OAuth. */
  not_a_login: exitCodes.failed,
  /** The access token is DPoP-bound (RFC 9449), so it cannot be handed to an app as a bearer token. */
  token_bound: exitCodes.failed,

  // Discovery: the server, its authorization server or their metadata cannot be used or are not trusted.
  url_refused: exitCodes.failed,
  address_refused: exitCodes.failed,
  not_an_mcp_server: exitCodes.failed,
  no_login_needed: exitCodes.failed,
  no_authorization_server: exitCodes.failed,
  resource_mismatch: exitCodes.failed,
  issuer_mismatch: exitCodes.failed,
  metadata_invalid: exitCodes.failed,
  endpoint_elsewhere: exitCodes.failed,
  issuer_unconfirmed: exitCodes.failed,

  // The client, its keys and assertions, and the files, variables and programs that the user named.
  registration_unsupported: exitCodes.failed,
  registration_refused: exitCodes.failed,
  client_unusable: exitCodes.failed,
  key_unusable: exitCodes.failed,
  dpop_unsupported: exitCodes.failed,
  assertion_unusable: exitCodes.failed,
  file_unreadable: exitCodes.failed,
  file_unwritable: exitCodes.failed,
  file_invalid: exitCodes.failed,
  variable_unset: exitCodes.usage,
  program_failed: exitCodes.failed,

  // Consent: no flow can run, the user or the server said no, or the redirect URL does not belong to this login.
  no_flow: exitCodes.failed,
  flow_refused: exitCodes.failed,
  attempt_unknown: exitCodes.failed,
  step_up_exhausted: exitCodes.failed,
  nothing_pasted: exitCodes.failed,
  not_an_address: exitCodes.failed,
  address_mismatch: exitCodes.failed,
  address_incomplete: exitCodes.failed,
  state_mismatch: exitCodes.failed,
  code_missing: exitCodes.failed,
  access_denied: exitCodes.refused,
  authorization_failed: exitCodes.failed,
  timed_out: exitCodes.timedOut,
  interrupted: exitCodes.interrupted,

  // Requests: the token endpoint or the MCP server rejected one, sent an invalid response, or could not be reached.
  invalid_grant: exitCodes.failed,
  request_refused: exitCodes.failed,
  response_invalid: exitCodes.network,
  token_refused: exitCodes.failed,
  network_error: exitCodes.network,
  request_timed_out: exitCodes.network,
  server_failed: exitCodes.network,

  // Agents: the machine that has the logins cannot be reached, its user or its rules refuse, it has too much to do, or it failed.
  agent_away: exitCodes.loginNeeded,
  agent_refused: exitCodes.refused,
  agent_busy: exitCodes.network,
  agent_failed: exitCodes.failed,
} as const;

export type ErrorCode = keyof typeof exitCodeOf;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(exitCodeOf, text);
}

/**
 * The error class of this program: what happened, in one sentence, and a hint about what to do next.
 *
 * `code` is stable. `message` and `hint` contain no secrets, and text from a server only through `quote`.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, { hint, cause }: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
  }

  get exitCode(): number {
    return exitCodeOf[this.code];
  }
}

/** The error of a command that the user, or a signal, ended early. */
export function createInterruptedError(): AuthError {
  return new AuthError('interrupted', 'Interrupted.');
}

/** Whether `error` is an AuthError with one of `codes`. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is AuthError {
  return error instanceof AuthError && codes.includes(error.code);
}

/** The operating system's code of an error, as `EACCES`, for a message in parentheses. */
export function getSystemCode(error: unknown): string {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  return code;
}

/**
 * Converts anything thrown to an AuthError. Other errors are bugs of mcp-auth: they are described by their class and their
 * place in the code, never by their message, which may quote the data that was being processed.
 */
export function toAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  const place = error instanceof Error ? findPlace(error.stack ?? '') : undefined;
  return new AuthError('internal', `Unexpected error in mcp-auth (${[kind, place].filter(Boolean).join(' at ')}).`, {
    hint: 'This is a bug in mcp-auth. Please report it with the line above and the command that you typed.',
    cause: error,
  });
}

/** The file and line of the first call in a stack. The message at its start may have any number of lines. */
function findPlace(stack: string): string | undefined {
  for (const line of stack.split('\n')) {
    const name = line.slice(Math.max(line.lastIndexOf('/'), line.lastIndexOf('\\')) + 1);
    const place = /^ +at /.test(line) ? /^[^:]+\.[jt]s:\d+/.exec(name)?.[0] : undefined;
    if (place !== undefined) return place;
  }
  return undefined;
}
