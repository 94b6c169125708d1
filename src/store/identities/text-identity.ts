/** Identities whose text is read by this process: once, when it is needed. */
import { AuthError } from '../../errors.js';
import { listRecipientsOf, openDataKey } from '../seal/data-key.js';
import type { Identity } from './source.js';

/** Characters of an identity file: thousands of identities. */
export const maxIdentityLength = 64 * 1024;

/** @param read is called once. @throws AuthError `identity_needed` */
export function createTextIdentity(what: string, read: () => Promise<string>): Identity {
  let reading: Promise<string> | undefined;
  const readText = () => (reading ??= Promise.resolve().then(read));
  return {
    what,
    readText,
    open: async (seal) => openDataKey(seal, await readText(), what),
    listRecipients: async () => listRecipientsOf(await readText(), what),
  };
}

/** A source that is configured and cannot be used. No other is tried: the user expects this one. */
export function createSourceError(what: string, failure: string, { hint, cause }: { hint: string; cause?: unknown }): AuthError {
  return new AuthError('identity_needed', `${what} ${failure}.`, { hint, cause });
}
