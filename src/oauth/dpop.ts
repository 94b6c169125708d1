/** Tokens that are bound to a key: RFC 9449, Demonstrating Proof of Possession; MCP SEP-1932. */
import type { DpopKey } from './client-information.js';
import type { webcrypto } from 'node:crypto';
import {
  DPoP,
  isDPoPNonceError,
  modifyAssertion,
  protectedResourceRequest,
  WWWAuthenticateChallengeError,
  type DPoPHandle,
} from 'oauth4webapi';
import type { Effects, HttpRequest } from '../effects.js';
import { AuthError } from '../errors.js';
import { fromBinary } from '../text/binary-string.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import { getAlgorithmParameters } from './signing-key.js';
import { createFetchOptions } from './request-options.js';

/** A key at work: it signs a proof for each request, and remembers the nonces that servers hand out. */
export interface Dpop {
  readonly key: DpopKey;
  readonly handle: DPoPHandle;
}

/** RFC 7518 section 6 and RFC 8037 section 2: what everybody may see of a key, and what nobody may. */
const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e'];
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi'];

/** What is chosen where the server leaves a choice, and what every server has to support. */
const preferred = ['ES256', 'EdDSA', 'ES384', 'RS256', 'PS256'];

/**
 * Makes a key with an algorithm that the server supports.
 *
 * @param supported RFC 9449 section 5.1 `dpop_signing_alg_values_supported`.
 * @throws AuthError `dpop_unsupported` when there is none that both know.
 */
export async function createDpop(supported: readonly string[] | undefined): Promise<Dpop> {
  const algorithm = preferred.find((alg) => supported?.includes(alg) ?? true);
  if (algorithm === undefined) {
    throw new AuthError('dpop_unsupported', 'The authorization server takes proofs of possession in no algorithm that mcp-auth knows.');
  }
  const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = (await crypto.subtle.generateKey({ ...rsa, ...getAlgorithmParameters(algorithm) }, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey);
  return importDpop({ ...jwk, alg: algorithm });
}

/**
 * Puts a key from the store to work.
 *
 * @throws AuthError `key_unusable` for what is no such key.
 */
export async function importDpop(key: DpopKey): Promise<Dpop> {
  const algorithm = String(key['alg']);
  const parameters = getAlgorithmParameters(algorithm);
  try {
    const members = (names: readonly string[]) => Object.fromEntries(names.flatMap((name) => (name in key ? [[name, key[name]]] : [])));
    const [privateKey, publicKey] = await Promise.all([
      crypto.subtle.importKey('jwk', members([...publicMembers, ...privateMembers]) as webcrypto.JsonWebKey, parameters, false, ['sign']),
      crypto.subtle.importKey('jwk', members(publicMembers) as webcrypto.JsonWebKey, parameters, true, ['verify']),
    ]);
    const renamed = { [modifyAssertion]: (header: Record<string, unknown>) => void (header['alg'] = algorithm) };
    return { key, handle: DPoP({}, { privateKey, publicKey }, renamed) };
  } catch (error) {
    throw new AuthError('key_unusable', 'The key that the login is bound to cannot be used.', { hint: 'Log in again.', cause: error });
  }
}

/**
 * Runs `work`, which signs a proof, and once more where a server wants its own nonce in it (RFC 9449 sections 8 and 9):
 * the handle has remembered that by then.
 */
export async function retryWithNonce<T>(dpop: Dpop | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (dpop === undefined || !isDPoPNonceError(error)) throw error;
    return work();
  }
}

/** One request with a bound token and its proof (RFC 9449 section 7). The body has to be text: it may be sent twice. */
export async function requestWithDpop(
  { url, token, dpop, request }: { url: URL; token: string; dpop: Dpop; request: HttpRequest },
  context: Pick<Effects, 'http'>,
): Promise<Response> {
  const { method = 'GET', headers, body = null, signal } = request;
  const send = () =>
    protectedResourceRequest(
      token,
      method,
      url,
      new Headers(headers),
      request.encoding === undefined ? (body as string | null) : fromBinary(body as string),
      {
        DPoP: dpop.handle,
        ...createFetchOptions(context, { stream: request.stream ?? false, insecure: isLoopbackUrl(url) }),
        ...(signal && { signal }),
      },
    );
  try {
    return await retryWithNonce(dpop, send);
  } catch (error) {
    // A refusal is an answer, and its reader wants the challenge in it.
    if (error instanceof WWWAuthenticateChallengeError) return error.response;
    throw error;
  }
}
