/** All that a program needs to send requests itself. */
import type { Context } from '../context.js';
import { findServer } from '../store/document.js';
import { getFreshUntilSeconds } from '../store/freshness.js';
import { expandVariables } from '../store/variables.js';
import { isTokenBound } from './bearer-token.js';
import { expandHeaders, readHeaders } from './server-access.js';
import { readStoredLogin } from './stored-login.js';

/** The token of a server and its headers, from one read of the store. Times in seconds since the epoch. Public interface. */
export async function describeToken(name: string, context: Context) {
  const document = await context.store.read();
  const login = readStoredLogin(document, name, context);
  const { accessToken, expiresAtSeconds } = login;
  const entry = findServer(document, name);
  const isBearer = !isTokenBound(login);
  return {
    access_token: accessToken,
    token_type: isBearer ? 'Bearer' : 'DPoP',
    expires_at: expiresAtSeconds,
    /** mcp-auth prints the same token until this time. */
    fresh_until: getFreshUntilSeconds(login),
    url: typeof entry?.url === 'string' ? expandVariables(entry.url, context.env) : undefined,
    headers: { ...expandHeaders(readHeaders(entry), context), ...(isBearer && { Authorization: `Bearer ${accessToken}` }) },
  };
}
