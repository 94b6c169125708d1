/** JSON Web Tokens of other issuers: RFC 7519. Their recipients verify them; mcp-auth only reads them. */
import { quoteShellWord } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { parseObject } from '../text/json.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { isSameIssuer } from './issuer.js';

const compactForm = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * Check that the text of a file or of stdin is a JWT.
 *
 * @param what names the text in the error.
 * @returns the token, without surrounding white space.
 * @throws AuthError `assertion_unusable`, which quotes nothing of the text.
 */
export function checkJwt(text: string, what: string): string {
  const token = text.trim();
  if (compactForm.test(token)) return token;
  throw new AuthError('assertion_unusable', `${what} is not a JWT.`, {
    hint: 'It must contain only the token: three parts with dots between them.',
  });
}

/** The claims of a token that `checkJwt` has accepted, not verified; empty if they cannot be read. */
export function parseClaims(token: string): Record<string, unknown> {
  return parseObject(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) ?? {};
}

/**
 * Check that a token is for the authorization server, before it is sent to one that only an MCP server has named: RFC 7523 section 3
 * requires the issuer or the token endpoint as its audience. A token without an audience is not sent.
 *
 * Both are compared by `isSameIssuer`. The authorization server compares again, exactly (RFC 7523 section 3); this check only keeps
 * the token from another server, and a slash at the end does not lead to another one.
 *
 * @throws AuthError `assertion_unusable`.
 */
export function checkAudience(token: string, { issuer, token_endpoint: endpoint }: AuthorizationServerMetadata): void {
  const { aud } = parseClaims(token);
  const audiences: unknown[] = aud === undefined ? [] : Array.isArray(aud) ? aud : [aud];
  const accepted = endpoint === undefined ? [issuer] : [issuer, endpoint];
  if (audiences.some((audience) => accepted.some((one) => isSameIssuer(audience, one)))) return;
  throw new AuthError(
    'assertion_unusable',
    audiences.length === 0
      ? `The token names no audience, so it was not sent to ${issuer}, which only the MCP server has named.`
      : `The token is for ${quote(audiences.join(', '))} and not for ${issuer}, so it was not sent there.`,
    {
      hint: `If it is meant for this server, have it issued for that audience, or pass --issuer ${quoteShellWord(issuer)}`,
    },
  );
}
