/** Keys that sign JWTs, and the algorithms of RFC 7518 section 3.1 and RFC 8037 that they sign with. */
import { createPrivateKey, type JsonWebKey, type KeyObject, type webcrypto } from 'node:crypto';
import { AuthError } from '../errors.js';

/** A key as WebCrypto takes it, and the `alg` to name in a JWT's header. */
export interface SigningKey {
  readonly key: webcrypto.CryptoKey;
  readonly algorithm: string;
  /** RFC 7517 `kid`, where the key names one. */
  readonly keyId?: string;
}

type Parameters = webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | { name: string };

/** WebCrypto's parameters of each `alg`, the usual one of each kind of key first. */
const algorithms: Record<string, Parameters> = {
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
  // RFC 9864 has a new name for the same thing; servers know the older one.
  Ed25519: { name: 'Ed25519' },
};

/** OpenSSL's names of the curves. */
const curves: Record<string, string> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** The `alg`s that this program signs with. */
function signingAlgorithms(): string[] {
  return Object.keys(algorithms);
}

/** WebCrypto's parameters of `alg`, one of `signingAlgorithms`. */
export function getAlgorithmParameters(alg: string): Parameters {
  const parameters = Object.hasOwn(algorithms, alg) ? algorithms[alg] : undefined;
  if (!parameters) throw unusable(`it is for ${JSON.stringify(alg)}, which mcp-auth does not know`);
  return parameters;
}

/**
 * Reads a private key: PEM (PKCS #8, PKCS #1 or SEC 1) or a JWK (RFC 7517). A PEM does not say what it signs with, so the
 * first algorithm of its kind that is in `supported` is taken.
 *
 * @param supported the server's list of `alg`s; undefined where it has none.
 * @throws AuthError `key_unusable`, which quotes nothing of the key.
 */
export async function parseSigningKey(text: string, supported?: readonly string[]): Promise<SigningKey> {
  const jwk = parseJwk(text);
  const object = privateKey(jwk, text);
  const fitting = signingAlgorithms().filter((alg) => fits(getAlgorithmParameters(alg), object));
  const algorithm =
    typeof jwk?.['alg'] === 'string'
      ? fitting.find((alg) => alg === jwk['alg'])
      : (fitting.find((alg) => supported?.includes(alg)) ?? fitting[0]);
  if (algorithm === undefined) throw unusable('it is of a kind that signs no JWT that authorization servers take');
  const der = object.export({ format: 'der', type: 'pkcs8' });
  const key = await crypto.subtle.importKey('pkcs8', der, getAlgorithmParameters(algorithm), false, ['sign']);
  return { key, algorithm, ...(typeof jwk?.['kid'] === 'string' && { keyId: jwk['kid'] }) };
}

function parseJwk(text: string): JsonWebKey | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as JsonWebKey & { keys?: JsonWebKey[] };
    return Array.isArray(value.keys) ? value.keys[0] : value;
  } catch {
    throw unusable('it is neither PEM nor a JWK');
  }
}

/** OpenSSL's own messages may quote what they read, so they are not passed on. */
function privateKey(jwk: JsonWebKey | undefined, text: string): KeyObject {
  if (/^Proc-Type: .*ENCRYPTED|-----BEGIN ENCRYPTED/m.test(text)) throw unusable('it is encrypted');
  try {
    return jwk ? createPrivateKey({ key: jwk, format: 'jwk' }) : createPrivateKey(text);
  } catch {
    throw unusable('it is neither PEM nor a JWK with a private key');
  }
}

function fits(parameters: Parameters, { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if ('namedCurve' in parameters) return type === 'ec' && curves[details?.namedCurve ?? ''] === parameters.namedCurve;
  if ('hash' in parameters) return type === 'rsa' || (type === 'rsa-pss' && parameters.name === 'RSA-PSS');
  return type === 'ed25519';
}

function unusable(why: string): AuthError {
  return new AuthError('key_unusable', `The private key cannot be used: ${why}.`, {
    hint: 'Give an RSA, EC (P-256, P-384, P-521) or Ed25519 private key as PEM or JWK, without a passphrase.',
  });
}
