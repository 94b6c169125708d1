/** Errors of an agent, as a response and as its client reads it. */
import { AuthError, isErrorCode, type ErrorCode } from '../errors.js';
import { isObject, parseObject } from '../text/json.js';
import { quote } from '../text/server-text.js';

/** The status of the response for each error that is not the agent's own failure. No 401: it would start a login of the app's own. */
const statusOf: Partial<Record<ErrorCode, number>> = {
  usage: 400,
  login_needed: 403,
  agent_refused: 403,
  agent_busy: 429,
  not_a_login: 409,
  token_bound: 409,
  url_refused: 403,
  network_error: 502,
  server_failed: 502,
  response_invalid: 502,
  request_timed_out: 504,
  timed_out: 504,
};

export function getFailureStatus({ code }: AuthError): number {
  return statusOf[code] ?? 500;
}

export function formatFailure({ code, message, hint }: AuthError): string {
  return JSON.stringify({ error: { code, message, ...(hint !== undefined && { hint }) } });
}

/**
 * The error in a response of an agent. Its words are quoted, and its hint is not passed on: the process that answers at a
 * socket could have the user run anything.
 */
export function parseFailure(text: string, { machine, server }: { machine: string; server?: string | undefined }): AuthError {
  const error = parseObject(text)?.['error'];
  const { code, message } = isObject(error) ? error : {};
  const known = typeof code === 'string' && isErrorCode(code) ? code : 'agent_failed';
  const words = typeof message === 'string' ? message : 'no reason';
  const on = server === undefined ? '' : ` for ${server}`;
  const hint = hints[known];
  return new AuthError(known, `The agent on ${machine} responds${on}: ${quote(words)}`, hint === undefined ? {} : { hint: hint(machine) });
}

const hints: Partial<Record<ErrorCode, (machine: string) => string>> = {
  login_needed: (machine) => `On ${machine}, run: mcp-auth login NAME     Or here: mcp-auth login URL`,
  identity_needed: (machine) => `On ${machine}, run: mcp-auth agent unlock`,
  agent_refused: (machine) => `On ${machine}, run: mcp-auth agent status     It shows what this machine may use.`,
};
