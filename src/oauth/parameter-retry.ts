/**
 * Retrying a token request without a parameter that the server rejects, or with one that it requires, where that cannot lead to
 * another token: the granted scope stays the same, and a server that does not support `resource` issues the same token without it.
 * A server that supports `resource` and rejects this one for the first token is not asked again: an MCP server may name any
 * authorization server.
 */
import { doesNotSupportResource, rejectsResource, requiresScope } from './error-response.js';
import { OAuthError } from './oauth-error.js';

type Parameters = Readonly<Record<string, string>>;

interface ParameterChange {
  /** Whether the error is about what this changes. */
  applies(error: OAuthError, parameters: Parameters, isFirstToken: boolean): boolean;
  /** The changed parameters; undefined if there is nothing to change. */
  apply(parameters: Parameters, granted: GrantedScope): Parameters | undefined;
}

interface GrantedScope {
  readonly scope: string | undefined;
}

const changes: readonly ParameterChange[] = [
  {
    // RFC 8707 section 2.2: without it, the token is for the resource of the authorization request.
    applies: (error, { resource }, isFirstToken) =>
      resource !== undefined && (isFirstToken ? doesNotSupportResource(error) : rejectsResource(error)),
    apply: (parameters) => Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'resource')),
  },
  {
    // RFC 6749 section 6: without it, the granted scope applies. Some servers require it to be named.
    applies: (error, { scope }) => scope === undefined && requiresScope(error),
    apply: (parameters, { scope }) => (scope === undefined ? undefined : { ...parameters, scope }),
  },
];

/** Which requests may be retried, and how. */
export interface RetryOptions {
  readonly parameters: Parameters;
  /** The scope of the login, in case the server requires it. */
  readonly granted: GrantedScope;
  /** Whether no token for this resource has been issued yet. */
  readonly isFirstToken: boolean;
  /** The error to throw if all requests fail: the first one if the first request uses up the grant. */
  readonly throws: 'first error' | 'last error';
}

/**
 * Call `send`, and call it again with changed parameters after an error that these may avoid. Each change is made at most once.
 *
 * @throws the errors of `send`.
 */
export async function retryWithChangedParameters<T>(
  { parameters, granted, isFirstToken, throws }: RetryOptions,
  send: (parameters: Parameters) => Promise<T>,
): Promise<T> {
  let current = parameters;
  let firstError: unknown;
  let remaining = changes;
  for (;;) {
    try {
      return await send(current);
    } catch (error) {
      firstError ??= error;
      const change = error instanceof OAuthError ? remaining.find((one) => one.applies(error, current, isFirstToken)) : undefined;
      const changed = change?.apply(current, granted);
      if (changed === undefined) throw throws === 'last error' ? error : firstError;
      remaining = remaining.filter((one) => one !== change);
      current = changed;
    }
  }
}
