/** JSON Web Tokens that others made: RFC 7519. What they say is checked by whom they are for, not here. */
import { AuthError } from '../errors.js';

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
  try {
    const value: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
