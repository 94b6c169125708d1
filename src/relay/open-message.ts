/** Reads the message that opens a session. */
import { AuthError, hasCode } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import type { OpenMessage } from '../relay-protocol/messages.js';
import { seal } from '../relay-protocol/seal.js';
import { limits } from './limits.js';

/** Octets of an uncompressed point and of a hash, as base64url. */
const keyPattern = /^[\w-]{87}$/;
const hashPattern = /^[\w-]{43}$/;
const maxLength = { state: 512, server: 2000, scope: 4000 } as const;

type Members = Readonly<Record<string, unknown>>;

/** The members of the message, or the name of the first one that is invalid. Whether the key can be used is not checked. */
export function parseOpenMessage(value: Members, id: string): OpenMessage | string {
  const { public_key, secret_hash, authorization_url, state, response_mode, code_hash, server, scope, expires_in } = value;
  if (!matches(public_key, keyPattern)) return 'public_key';
  if (!matches(secret_hash, hashPattern)) return 'secret_hash';
  if (!isUsableUrl(authorization_url)) return 'authorization_url';
  if (!isText(state, maxLength.state) || !state.startsWith(`${id}.`)) return 'state';
  if (response_mode !== 'query' && response_mode !== 'fragment') return 'response_mode';
  if (!matches(code_hash, hashPattern)) return 'code_hash';
  if (!isText(server, maxLength.server)) return 'server';
  if (scope !== undefined && !isText(scope, maxLength.scope)) return 'scope';
  if (!isLifetime(expires_in)) return 'expires_in';
  return { public_key, secret_hash, authorization_url, state, response_mode, code_hash, server, scope, expires_in };
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most;
}

function isLifetime(seconds: unknown): seconds is number {
  const { least, most } = limits.lifetime;
  return Number.isInteger(seconds) && (seconds as number) * 1000 >= least && (seconds as number) * 1000 <= most;
}

function isUsableUrl(value: unknown): value is string {
  try {
    parseSafeUrl(value, { what: 'The authorization URL' });
    return true;
  } catch (error) {
    if (error instanceof AuthError && hasCode(error, 'url_refused')) return false;
    throw error;
  }
}

/** Whether the key is a point of the curve: otherwise, this would be noticed only when the authorization response comes. */
export async function canSealTo(publicKey: string): Promise<boolean> {
  try {
    await seal({ text: '', publicKey, context: '' });
    return true;
  } catch {
    return false;
  }
}
