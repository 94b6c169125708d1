/** The data key of a seal: made, sealed to recipients, and opened by identities. The only place that uses age. */
import { AuthError } from '../../errors.js';
import { loadCrypto } from '../../text/node-crypto.js';
import { dataKeyLength } from './codec.js';
import { createSealBrokenError } from './seal-errors.js';
import type { Seal } from './seal.js';

/** age and its cryptography take 0.1 s to load: only when a seal is opened or changed. */
const loadAge = () => import('age-encryption');

/**
 * Seals a data key to recipients; a new one by default.
 *
 * @throws AuthError `usage` for a recipient that is none.
 */
export async function createSeal(
  recipients: readonly string[],
  dataKey: Uint8Array = loadCrypto().randomBytes(dataKeyLength),
): Promise<Seal> {
  const { Encrypter, armor } = await loadAge();
  const encrypter = new Encrypter();
  const all = [...new Set(recipients)];
  for (const recipient of all) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw createRecipientError(recipient);
    }
  }
  const content = Buffer.concat([dataKey, hashRecipients(all)]);
  return { recipients: all, key: armor.encode(await encrypter.encrypt(content)) };
}

/** Next to the data key, so that a recipient whom another program adds to the list is not sealed to by the next change. */
function hashRecipients(recipients: readonly string[]): Buffer {
  return loadCrypto().createHash('sha256').update(JSON.stringify(recipients)).digest();
}

function createRecipientError(recipient: string): AuthError {
  // An identity that was given by mistake is not repeated.
  const shown = /^age1[a-z0-9]+$/.test(recipient) ? `: ${recipient.slice(0, 80)}` : '';
  return new AuthError('usage', `This is not an age recipient${shown}.`, {
    hint: 'A recipient begins with age1. Those of ssh keys and of plugins are unsupported. For that of an identity, run: age-keygen -y FILE',
  });
}

/**
 * Opens the data key with one of the identities in a text.
 *
 * @param identities lines as `age-keygen` writes them, with comments.
 * @param source names where they came from.
 * @throws AuthError `identity_needed` if none of them opens it, `seal_broken` if it is not an age file.
 */
export async function openDataKey({ key, recipients }: Seal, identities: string, source: string): Promise<Uint8Array> {
  const { Decrypter, armor } = await loadAge();
  const file = decodeArmor(key, armor.decode);
  const decrypter = new Decrypter();
  for (const identity of parseIdentities(identities, source)) {
    try {
      decrypter.addIdentity(identity);
    } catch {
      throw createIdentityError(source, 'has an identity that cannot be read');
    }
  }
  const content = await decrypter.decrypt(file).catch(() => undefined);
  if (content === undefined) {
    throw createIdentityError(
      source,
      'does not open the store',
      `It is sealed to: ${recipients.map((one) => one.slice(0, 80)).join(', ')}`,
    );
  }
  const hash = hashRecipients(recipients);
  if (content.length !== dataKeyLength + hash.length) throw createDamagedError();
  if (Buffer.compare(content.subarray(dataKeyLength), hash) !== 0) throw createListError();
  return content.slice(0, dataKeyLength);
}

function decodeArmor(key: string, decode: (text: string) => Uint8Array): Uint8Array {
  try {
    return decode(key);
  } catch {
    throw createDamagedError();
  }
}

function createListError(): AuthError {
  return createSealBrokenError(
    'The list of recipients in the seal of the store was changed by another program.',
    'Restore the member "seal" from a backup of the store.',
  );
}

function createDamagedError(): AuthError {
  return createSealBrokenError(
    'The data key in the seal of the store is damaged.',
    'Restore the member "seal" from a backup of the store.',
  );
}

/** The identities in a text: one a line; empty lines and comments count for nothing. @throws AuthError `identity_needed` */
export function parseIdentities(text: string, source: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (lines[0]?.startsWith('-----BEGIN AGE ENCRYPTED FILE') || lines[0]?.startsWith('age-encryption.org/')) {
    throw createIdentityError(
      source,
      'is protected by a passphrase, which is unsupported',
      `Use a command that decrypts it: ${commandExample}`,
    );
  }
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (identities.length === 0) throw createIdentityError(source, 'has no identity');
  if (identities.every((line) => /^AGE-SECRET-KEY-(PQ-)?1[A-Z0-9]+$/i.test(line))) return identities.map((line) => line.toUpperCase());
  throw createIdentityError(
    source,
    'has a line that is not an age identity',
    'An identity begins with AGE-SECRET-KEY-1. Those of ssh and of plugins are unsupported.',
  );
}

const commandExample = "mcp-auth config identity-command 'age -d /path/to/identity.age'";

function createIdentityError(source: string, what: string, hint = 'See: mcp-auth doctor'): AuthError {
  return new AuthError('identity_needed', `${source} ${what}.`, { hint });
}

/** The recipients of the identities in a text. @throws AuthError `identity_needed` */
export async function listRecipientsOf(identities: string, source: string): Promise<string[]> {
  const { identityToRecipient } = await loadAge();
  const all = parseIdentities(identities, source).map((one) =>
    identityToRecipient(one).catch(() => {
      throw createIdentityError(source, 'has an identity that cannot be read');
    }),
  );
  return Promise.all(all);
}

/** A new identity, as the lines that `age-keygen` writes, and its recipient. */
export async function createIdentity(now: number): Promise<{ readonly text: string; readonly recipient: string }> {
  const { generateX25519Identity, identityToRecipient } = await loadAge();
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const created = new Date(now).toISOString().replace(/\.\d+/, '');
  return { text: `# created: ${created}\n# public key: ${recipient}\n${identity}\n`, recipient };
}
