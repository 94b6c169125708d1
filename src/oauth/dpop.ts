/** Tokens that are bound to a key: RFC 9449, Demonstrating Proof of Possession; MCP SEP-1932. */
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
import type { DpopKey } from './client-information.js';
import { getAlgorithmParameters } from './signing-key.js';
import { createFetchOptions } from './request-options.js';

/** A key that signs a proof for each request. The handle also remembers the nonces of the servers. */
export interface Dpop {
  readonly key: DpopKey;
  readonly handle: DPoPHandle;
}

/** RFC 7518 section 6 and RFC 8037 section 2: the public and the private members of a key. */
const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e'];
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi'];

/** Algorithms in the order of preference. The first is used if the server lists none. */
const preferredAlgorithms = ['ES256', 'EdDSA', 'ES384', 'RS256', 'PS256'];

/**
 * Create a key with an algorithm that the server supports.
 *
 * @param supported RFC 9449 section 5.1 `dpop_signing_alg_values_supported`; undefined if the server does not say.
 * @throws AuthError `dpop_unsupported` if there is no common algorithm.
 */
export async function createDpop(supported: readonly string[] | undefined): Promise<Dpop> {
  const algorithm = preferredAlgorithms.find((alg) => supported?.includes(alg) ?? true);
  if (algorithm === undefined) {
    throw new AuthError('dpop_unsupported', 'The authorization server supports no DPoP signing algorithm that mcp-auth supports.');
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
 * Import a key from the store.
 *
 * @throws AuthError `key_unusable` if it is not a private key with a supported algorithm.
 */
export async function importDpop(key: DpopKey): Promise<Dpop> {
  const algorithm = String(key['alg']);
  const parameters = getAlgorithmParameters(algorithm);
  try {
    const [privateKey, publicKey] = await Promise.all([
      crypto.subtle.importKey('jwk', pickMembers(key, [...publicMembers, ...privateMembers]), parameters, false, ['sign']),
      crypto.subtle.importKey('jwk', pickMembers(key, publicMembers), parameters, true, ['verify']),
    ]);
    // oauth4webapi derives `alg` from the key and may use another name for the same algorithm.
    const options = { [modifyAssertion]: (header: Record<string, unknown>) => void (header['alg'] = algorithm) };
    return { key, handle: DPoP({}, { privateKey, publicKey }, options) };
  } catch (error) {
    throw new AuthError('key_unusable', 'The DPoP key of this login cannot be used.', { hint: 'Log in again.', cause: error });
  }
}

function pickMembers(key: DpopKey, names: readonly string[]): webcrypto.JsonWebKey {
  return Object.fromEntries(names.filter((name) => name in key).map((name) => [name, key[name]]));
}

/**
 * Send a request with a DPoP proof, and send it again if the server requires its own nonce in the proof (RFC 9449 sections 8 and
 * 9). The handle has remembered the nonce by then.
 */
export async function retryWithNonce<T>(dpop: Dpop | undefined, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (dpop === undefined || !isDPoPNonceError(error)) throw error;
    return send();
  }
}

/**
 * Send one request with a DPoP-bound token and its proof (RFC 9449 section 7). The body must be text, because it may be sent twice.
 * An error response is returned, not thrown.
 */
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
    if (error instanceof WWWAuthenticateChallengeError) return error.response;
    throw error;
  }
}
