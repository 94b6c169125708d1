/**
 * Encryption to the terminal that waits for an authorization response: HPKE (RFC 9180) in base mode, for one message, with
 * DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. Only WebCrypto is used, so the same file runs in the terminal, at the
 * relay and in the page that a browser gets from it. P-256, because phones that are a few years old do not have X25519.
 */
import type { webcrypto } from 'node:crypto';

const { subtle } = globalThis.crypto;

type Bytes = Uint8Array<ArrayBuffer>;

const curve = { name: 'ECDH', namedCurve: 'P-256' } as const;
/** Octets of an uncompressed point of that curve, of a hash, of the key and of the nonce. */
const pointLength = 65;
const hashLength = 32;
const keyLength = 32;
const nonceLength = 12;

const kemSuite = join(encode('KEM'), Uint8Array.of(0, 0x10));
const suite = join(encode('HPKE'), Uint8Array.of(0, 0x10, 0, 0x01, 0, 0x02));
/** Names the protocol and its version (`info` of RFC 9180). */
const info = encode('mcp-auth relay 1');
/** An HMAC with an empty key, which WebCrypto does not import. Shorter keys are filled with zeros (RFC 2104). */
const noSalt = new Uint8Array(hashLength);
const none = new Uint8Array(0);

/** A key pair for one login. It is kept in memory only. */
export interface SealKeys {
  /** The public key as base64url, as an uncompressed point. */
  readonly publicKey: string;
  readonly privateKey: webcrypto.CryptoKey;
}

export async function createSealKeys(): Promise<SealKeys> {
  const { publicKey, privateKey } = await subtle.generateKey(curve, false, ['deriveBits']);
  return { publicKey: toBase64Url(new Uint8Array(await subtle.exportKey('raw', publicKey))), privateKey };
}

/** @param context is bound to the message: it can be opened with the same context only (`aad` of RFC 9180). */
export async function seal({ text, publicKey, context }: { text: string; publicKey: string; context: string }): Promise<string> {
  const recipient = fromBase64Url(publicKey);
  const theirs = await subtle.importKey('raw', recipient, curve, false, []);
  const ephemeral = await subtle.generateKey(curve, false, ['deriveBits']);
  const encapsulated = new Uint8Array(await subtle.exportKey('raw', ephemeral.publicKey));
  const shared = await subtle.deriveBits({ name: 'ECDH', public: theirs }, ephemeral.privateKey, keyLength * 8);
  const { key, nonce } = await scheduleKey(new Uint8Array(shared), join(encapsulated, recipient));
  const parameters = { name: 'AES-GCM', iv: nonce, additionalData: encode(context) };
  return toBase64Url(join(encapsulated, new Uint8Array(await subtle.encrypt(parameters, key, encode(text)))));
}

/** Opens what `seal` has made for these keys with the same context. Rejects if it is anything else. */
export async function openSealed({ sealed, keys, context }: { sealed: string; keys: SealKeys; context: string }): Promise<string> {
  const octets = fromBase64Url(sealed);
  const encapsulated = octets.slice(0, pointLength);
  const theirs = await subtle.importKey('raw', encapsulated, curve, false, []);
  const shared = await subtle.deriveBits({ name: 'ECDH', public: theirs }, keys.privateKey, keyLength * 8);
  const { key, nonce } = await scheduleKey(new Uint8Array(shared), join(encapsulated, fromBase64Url(keys.publicKey)));
  const parameters = { name: 'AES-GCM', iv: nonce, additionalData: encode(context) };
  const opened = await subtle.decrypt(parameters, key, octets.slice(pointLength));
  return new TextDecoder('utf-8', { fatal: true }).decode(opened);
}

/** RFC 9180 sections 4.1 (ExtractAndExpand) and 5.1 (KeySchedule, base mode). */
async function scheduleKey(shared: Bytes, kemContext: Bytes): Promise<{ key: webcrypto.CryptoKey; nonce: Bytes }> {
  const extracted = await extract({ suite: kemSuite, salt: noSalt, label: 'eae_prk', input: shared });
  const secretOfKem = await expand({ suite: kemSuite, secret: extracted, label: 'shared_secret', input: kemContext, length: hashLength });
  const hashed = (label: string, input: Bytes) => extract({ suite, salt: noSalt, label, input });
  const context = join(Uint8Array.of(0), await hashed('psk_id_hash', none), await hashed('info_hash', info));
  const secret = await extract({ suite, salt: secretOfKem, label: 'secret', input: none });
  const key = await expand({ suite, secret, label: 'key', input: context, length: keyLength });
  const nonce = await expand({ suite, secret, label: 'base_nonce', input: context, length: nonceLength });
  return { key: await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']), nonce };
}

/** `LabeledExtract` of RFC 9180 section 4. */
function extract({ suite: id, salt, label, input }: { suite: Bytes; salt: Bytes; label: string; input: Bytes }): Promise<Bytes> {
  return sign(salt, join(encode('HPKE-v1'), id, encode(label), input));
}

interface Expansion {
  readonly suite: Bytes;
  readonly secret: Bytes;
  readonly label: string;
  readonly input: Bytes;
  /** Octets, not more than a hash has. */
  readonly length: number;
}

/** `LabeledExpand` of RFC 9180 section 4, and HKDF-Expand (RFC 5869) for one block. */
async function expand({ suite: id, secret, label, input, length }: Expansion): Promise<Bytes> {
  const labeled = join(Uint8Array.of(0, length), encode('HPKE-v1'), id, encode(label), input);
  return (await sign(secret, join(labeled, Uint8Array.of(1)))).slice(0, length);
}

async function sign(key: Bytes, message: Bytes): Promise<Bytes> {
  const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', imported, message));
}

export async function hash(octets: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle.digest('SHA-256', octets));
}

export function encode(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function join(...parts: readonly Bytes[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function toBase64Url(octets: Bytes): string {
  return btoa(String.fromCharCode(...octets))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '');
}

/** @throws an error for any other character. */
export function fromBase64Url(text: string): Bytes {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
