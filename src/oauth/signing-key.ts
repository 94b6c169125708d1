/** Keys that sign JWTs, and their algorithms: RFC 7518 section 3.1 and RFC 8037. */
import { createPrivateKey, type JsonWebKey, type KeyObject, type webcrypto } from 'node:crypto';
import { AuthError } from '../errors.js';

/** A private key for WebCrypto, and the `alg` and `kid` for the header of a JWT. */
export interface SigningKey {
  readonly key: webcrypto.CryptoKey;
  readonly algorithm: string;
  /** RFC 7517 `kid`, if the JWK has one. */
  readonly keyId?: string;
}

type AlgorithmParameters = webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | { name: string };

/** WebCrypto's parameters for each `alg`. For each type of key, the most common `alg` comes first. */
const algorithms: Record<string, AlgorithmParameters> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS384: { name: 'RSA-PSS', hash: 'SHA-384' },
  PS512: { name: 'RSA-PSS', hash: 'SHA-512' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  ES512: { name: 'ECDSA', namedCurve: 'P-521' },
  EdDSA: { name: 'Ed25519' },
  // The name in RFC 9864 for the same algorithm. Servers know the older one.
  Ed25519: { name: 'Ed25519' },
};

/** OpenSSL's names of the curves. */
const opensslCurves: Record<string, string> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/**
 * WebCrypto's parameters for an `alg`.
 *
 * @throws AuthError `key_unusable` for an unsupported one.
 */
export function getAlgorithmParameters(alg: string): AlgorithmParameters {
  const parameters = Object.hasOwn(algorithms, alg) ? algorithms[alg] : undefined;
  if (!parameters) throw createUnusableError(`mcp-auth does not support its algorithm ${JSON.stringify(alg)}`);
  return parameters;
}

/**
 * Parse a private key: PEM (PKCS #8, PKCS #1 or SEC 1) or a JWK (RFC 7517). A PEM does not name an algorithm, so the first
 * suitable one that the server supports is used.
 *
 * @param supported the server's list of `alg` values; undefined if it has none.
 * @throws AuthError `key_unusable`, which quotes nothing of the key.
 */
export async function parseSigningKey(text: string, supported?: readonly string[]): Promise<SigningKey> {
  const jwk = parseJwk(text);
  const object = createKeyObject(jwk, text);
  const suitable = Object.keys(algorithms).filter((alg) => isSuitable(getAlgorithmParameters(alg), object));
  const algorithm =
    typeof jwk?.['alg'] === 'string'
      ? suitable.find((alg) => alg === jwk['alg'])
      : (suitable.find((alg) => supported?.includes(alg)) ?? suitable[0]);
  if (algorithm === undefined) throw createUnusableError('its type cannot sign a JWT that authorization servers accept');
  const der = object.export({ format: 'der', type: 'pkcs8' });
  const key = await crypto.subtle.importKey('pkcs8', der, getAlgorithmParameters(algorithm), false, ['sign']);
  return { key, algorithm, ...(typeof jwk?.['kid'] === 'string' && { keyId: jwk['kid'] }) };
}

/** A JWK, or the first one of a JWK set; undefined for text that is not JSON. */
function parseJwk(text: string): JsonWebKey | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as JsonWebKey & { keys?: JsonWebKey[] };
    return Array.isArray(value.keys) ? value.keys[0] : value;
  } catch {
    throw createUnusableError('it is neither PEM nor a JWK');
  }
}

/** OpenSSL's own messages may quote the key, so they are not passed on. */
function createKeyObject(jwk: JsonWebKey | undefined, text: string): KeyObject {
  if (/^Proc-Type: .*ENCRYPTED|-----BEGIN ENCRYPTED/m.test(text)) throw createUnusableError('it is encrypted');
  try {
    return jwk ? createPrivateKey({ key: jwk, format: 'jwk' }) : createPrivateKey(text);
  } catch {
    throw createUnusableError('it is neither PEM nor a JWK with a private key');
  }
}

function isSuitable(parameters: AlgorithmParameters, { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if ('namedCurve' in parameters) return type === 'ec' && opensslCurves[details?.namedCurve ?? ''] === parameters.namedCurve;
  if ('hash' in parameters) return type === 'rsa' || (type === 'rsa-pss' && parameters.name === 'RSA-PSS');
  return type === 'ed25519';
}

function createUnusableError(why: string): AuthError {
  return new AuthError('key_unusable', `The private key cannot be used: ${why}.`, {
    hint: 'Use an RSA, EC (P-256, P-384, P-521) or Ed25519 private key as PEM or JWK, without a passphrase.',
  });
}
