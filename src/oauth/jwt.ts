/** JSON Web Tokens that others made: RFC 7519. What they say is checked by whom they are for, not here. */
import { quoteShellWord } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { parseObject } from '../text/json.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';

const compactForm = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * The token in a file's or stdin's text.
 *
 * @throws AuthError `assertion_unusable`, which quotes nothing of it.
 */
export function checkJwt(text: string, what: string): string {
  const token = text.trim();
  if (compactForm.test(token)) return token;
  throw new AuthError('assertion_unusable', `${what} is not a JWT.`, {
    hint: 'It has to be the token alone: three parts with dots between them.',
  });
}

/** What a token that `checkJwt` has seen says, unverified; nothing where that cannot be read. */
export function parseClaims(token: string): Record<string, unknown> {
  return parseObject(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) ?? {};
}

/**
 * Sees to it that a token is not shown to an authorization server that an MCP server has named, unless the token is for it: RFC 7523
 * section 3 has the issuer or the token endpoint as the audience. A token without an audience is for nobody in particular.
 *
 * @throws AuthError `assertion_unusable`.
 */
export function checkAudience(token: string, { issuer, token_endpoint: endpoint = '' }: AuthorizationServerMetadata): void {
  const { aud } = parseClaims(token);
  const bare = (url: unknown) => String(url).replace(/\/$/, '');
  const audiences = aud === undefined ? [] : Array.isArray(aud) ? aud : [aud];
  if (audiences.some((one) => [issuer, endpoint].some((known) => bare(known) === bare(one)))) return;
  throw new AuthError(
    'assertion_unusable',
    audiences.length === 0
      ? `The token does not say which authorization server it is for, so it was not sent to ${issuer}, which only the MCP server has named.`
      : `The token is for ${quote(audiences.join(', '))}, and not for ${issuer}, so it was not sent there.`,
    {
      hint: `If it should be, have it issued for that audience, or pass --issuer ${quoteShellWord(issuer)}`,
    },
  );
}
