/**
 * The name of a session at the relay. It is a hash of the terminal's public key and of the secret that only the terminal has. So
 * no other program can open a session of that name, and a browser that has the name can check the public key.
 */
import { encode, fromBase64Url, hash, join, toBase64Url } from './seal.js';

/** Octets of a name: enough against every search for another key with the same one. */
const nameLength = 16;

/** What a session's name is a hash of, as base64url. */
export interface SessionKeys {
  readonly publicKey: string;
  /** SHA-256 of the secret. */
  readonly secretHash: string;
}

export async function createSessionId({ publicKey, secretHash }: SessionKeys): Promise<string> {
  const octets = await hash(join(encode('mcp-auth relay 1'), fromBase64Url(publicKey), fromBase64Url(secretHash)));
  return toBase64Url(octets.slice(0, nameLength));
}

/** The `state` of the authorization request starts with the session's name, so that the relay finds it. */
export function readSessionId(state: string): string {
  return state.split('.', 1)[0] ?? '';
}

export function isSessionId(text: string): boolean {
  return /^[\w-]{22}$/.test(text);
}

/** SHA-256, as base64url. */
export async function hashText(text: string): Promise<string> {
  return toBase64Url(await hash(encode(text)));
}
