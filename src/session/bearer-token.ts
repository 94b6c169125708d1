/** Access tokens for programs that are given a token and nothing else. */
import { AuthError } from '../errors.js';
import type { Login } from '../store/login.js';

/**
 * The access token of a login, for a program that cannot sign DPoP proofs.
 *
 * @param hint what to use instead.
 * @throws AuthError `token_bound` if the token is DPoP-bound (RFC 9449).
 */
export function getBearerToken(login: Pick<Login, 'accessToken' | 'tokenType'>, { name, hint }: { name: string; hint: string }): string {
  if (!isTokenBound(login)) return login.accessToken;
  throw new AuthError('token_bound', describeBoundToken(name), { hint });
}

export function isTokenBound({ tokenType }: Pick<Login, 'tokenType'>): boolean {
  return tokenType === 'dpop';
}

export function describeBoundToken(name: string): string {
  return `The token of ${name} is bound to a key in the store (DPoP, RFC 9449): the server accepts it only with a proof signed by that key.`;
}
