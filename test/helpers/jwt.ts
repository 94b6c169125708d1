/** Keys and JWTs as the server sees them, with Node's own cryptography and not with the library that mcp-auth signs with. */
import { createPublicKey, generateKeyPairSync, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A new key of a kind that signs with `algorithm`. */
export function keyFor(algorithm: string): KeyPair {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm];
  return curve === undefined ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: curve });
}

/** The header and the claims of a JWT. */
export function decodeJwt(token: unknown): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header, claims] = String(token)
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString());
  return { header: JSON.parse(header ?? '') as Record<string, unknown>, claims: JSON.parse(claims ?? '') as Record<string, unknown> };
}

/** Whether a JWT was signed by the key, with the algorithm that its header names. */
export function isSignedBy(token: unknown, key: KeyObject): boolean {
  const [header = '', claims = '', signature = ''] = String(token).split('.');
  const algorithm = String(decodeJwt(token).header['alg']);
  const hash = algorithm === 'EdDSA' ? undefined : `sha${algorithm.slice(2)}`;
  const padding = algorithm.startsWith('PS') ? { padding: 6, saltLength: Number(algorithm.slice(2)) / 8 } : {};
  const options = { key, dsaEncoding: 'ieee-p1363' as const, ...padding };
  return verify(hash, Buffer.from(`${header}.${claims}`), options, Buffer.from(signature, 'base64url'));
}

/** A JWT of another issuer, signed with ES256. */
export function encodeJwt(claims: Record<string, unknown>, { privateKey }: KeyPair = keyFor('ES256')): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}`;
  return `${body}.${sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A public JWK as a key. */
export function importJwk(jwk: unknown): KeyObject {
  return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
}
