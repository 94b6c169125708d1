/** What the exit code of a failed command tells a script. */
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

/** The same for people. */
export const exitCodeMeanings = {
  done: 'done',
  failed: 'failed',
  usage: 'wrong usage',
  loginNeeded: 'a login is needed',
  refused: 'access was refused',
  timedOut: 'time ran out',
  network: 'the network or a server failed',
  interrupted: 'interrupted',
} as const satisfies Record<keyof typeof exitCodes, string>;

/** Every code that an error can carry, with the exit code that it becomes. Codes are public: scripts read them. */
const exitCodeOf = {
  internal: exitCodes.failed,
  usage: exitCodes.usage,
  output_failed: exitCodes.failed,

  // The store
  store_invalid: exitCodes.failed,
  store_unreadable: exitCodes.failed,
  store_unwritable: exitCodes.failed,
  store_locked: exitCodes.failed,
  preferences_invalid: exitCodes.failed,
  login_needed: exitCodes.loginNeeded,
  renewed_too_often: exitCodes.failed,
  not_a_login: exitCodes.failed,
  token_bound: exitCodes.failed,

  // Finding the authorization server
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

  // Registering
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

  // Obtaining consent
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

  // The token endpoint and the MCP server
  invalid_grant: exitCodes.failed,
  request_refused: exitCodes.failed,
  response_invalid: exitCodes.network,
  token_refused: exitCodes.failed,
  network_error: exitCodes.network,
  request_timed_out: exitCodes.network,
  server_failed: exitCodes.network,
} as const;

export type ErrorCode = keyof typeof exitCodeOf;

/**
 * The one error of this program: what happened, in a sentence, and what to type next.
 *
 * `code` is stable. `message` and `hint` hold no secret, and nothing that a server sent except through `quoted`.
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

/** The error of a person, or a signal, that ends the command early. */
export function createInterruptedError(): AuthError {
  return new AuthError('interrupted', 'Interrupted.');
}

/** Whether `error` is an AuthError with one of `codes`. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is AuthError {
  return error instanceof AuthError && codes.includes(error.code);
}

/**
 * Turns anything thrown into an AuthError. What is not one already is a bug of ours: it is told by its kind and its
 * place in our code, never by its message, which may quote what it was working on.
 */
export function toAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  const place = error instanceof Error ? placeIn(error.stack ?? '') : undefined;
  return new AuthError('internal', `mcp-auth failed in a way that it did not expect (${[kind, place].filter(Boolean).join(' at ')}).`, {
    hint: 'This is a bug in mcp-auth. Please report it with the line above and the command that you typed.',
    cause: error,
  });
}

/** The file and line of the first call in a stack, whose beginning is the message, of any length. */
function placeIn(stack: string): string | undefined {
  for (const line of stack.split('\n')) {
    const name = line.slice(Math.max(line.lastIndexOf('/'), line.lastIndexOf('\\')) + 1);
    const place = /^ +at /.test(line) ? /^[^:]+\.[jt]s:\d+/.exec(name)?.[0] : undefined;
    if (place !== undefined) return place;
  }
  return undefined;
}
