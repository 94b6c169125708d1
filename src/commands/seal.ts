import { closeSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.js';
import { AuthError, getSystemCode } from '../errors.js';
import { listServers } from '../store/document.js';
import { createIdentity, createSeal } from '../store/seal/data-key.js';
import type { Seal } from '../store/seal/seal.js';
import { isObject } from '../text/json.js';
import type { Command, CommandInput, CommandOption } from './command.js';

const repeat = (value: string, before: unknown) => [...((before as string[] | undefined) ?? []), value];

const options = [
  {
    flags: '--recipient <recipient>',
    help: 'public key of an identity that can open the store, as age1…; repeatable (default: that of the configured identity). In a sealed store: add it',
    parse: repeat,
  },
  {
    flags: '--remove-recipient <recipient>',
    help: 'seal everything again with a new key, without this recipient; repeatable',
    parse: repeat,
  },
  { flags: '--new-identity <file>', help: 'first create an age identity in this new file, and use it on this machine', complete: 'file' },
  { flags: '--accept', help: 'the seal was changed on another machine: expect the new one from now on' },
] as const satisfies readonly CommandOption[];

type SealOptions = CommandInput<typeof options>['options'];

export const seal: Command<typeof options> = {
  description:
    'Encrypt the secrets in the store with age: tokens, keys, client secrets and headers. Names, URLs and times stay in the clear. Without options, show to whom the store is sealed. See docs/sealed.md.',
  arguments: [],
  options,
  examples: [
    'seal --new-identity ~/.config/mcp-auth/identity.txt',
    'seal --recipient age1q2wq… --recipient age1k8se…',
    'seal --remove-recipient age1k8se…',
  ],
  run: async ({ options: given }, context) => {
    const { store, ui } = context;
    if (given.newIdentity !== undefined) await createIdentityFile(given.newIdentity, context);
    const { seal: current, expected } = await store.readSealState();
    if (given.accept) return acceptSeal(current, context);
    if (current !== undefined) return changeRecipients(current, given, context);
    if (given.removeRecipient !== undefined)
      throw new AuthError('usage', `The store ${store.path} is not sealed.`, { hint: 'Run: mcp-auth seal' });
    // Another program has removed the seal: what is sealed opens with that one only.
    const restored = expected && given.recipient === undefined ? { recipients: expected.recipients, key: expected.key } : undefined;
    const made = restored ?? (await createSeal(given.recipient ?? (await listOwnRecipients(context))));
    await checkOpens(made, context);
    await store.changeSeal(made);
    ui.succeed(restored ? `Sealed ${store.path} again, as it was before.` : `Sealed ${store.path}.`);
    await explain(made, context);
  },
};

async function listOwnRecipients({ keyring }: Context): Promise<string[]> {
  if ((await keyring.findIdentity()) === undefined) {
    throw new AuthError('identity_needed', 'No identity is configured on this machine.', {
      hint: 'Create one: mcp-auth seal --new-identity FILE     Or use one that you have: see docs/sealed.md',
    });
  }
  return (await keyring.getIdentity()).listRecipients();
}

/** A store that this machine could not open any more would be lost. @throws AuthError `identity_needed` */
async function checkOpens(made: Seal, { keyring }: Context): Promise<void> {
  try {
    await keyring.openSeal(made);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw new AuthError(
      'identity_needed',
      `The store was not changed, because this machine could not open it afterwards. ${error.message}`,
      {
        hint: `Add --recipient with the recipient of the identity of this machine. ${error.hint ?? ''}`,
        cause: error,
      },
    );
  }
}

/** Creates an identity file, which is never overwritten, and has this machine use it. */
async function createIdentityFile(named: string, { keyring, preferences, clock, ui }: Context): Promise<void> {
  const configured = await keyring.findIdentity();
  if (configured !== undefined) {
    throw new AuthError('usage', `${configured.what} is configured already.`, {
      hint: 'To create an identity for another machine, run there: mcp-auth seal --new-identity FILE     or: age-keygen -o FILE',
    });
  }
  const file = path.resolve(named);
  const { text, recipient } = await createIdentity(clock.now());
  writeNewFile(file, text);
  await preferences.write('identity-file', file);
  ui.succeed(`Created an identity in ${file}. This machine uses it from now on (mcp-auth config identity-file).`);
  ui.say(`Its recipient (not a secret): ${recipient}`);
  ui.warn(`Without this file, no sealed login can be read. Keep a copy of ${file} where the store and its backups are not.`);
}

/** @throws AuthError `file_unwritable` also if there is a file of that name. */
function writeNewFile(file: string, text: string): void {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    writeSync(descriptor, text);
    closeSync(descriptor);
  } catch (error) {
    const hint = 'Name a file that does not exist yet, in a folder that does. An identity is never overwritten.';
    throw new AuthError('file_unwritable', `${file} cannot be created (${getSystemCode(error)}).`, { hint, cause: error });
  }
}

async function acceptSeal(current: Seal | undefined, { store, ui }: Context): Promise<void> {
  if (current === undefined) throw new AuthError('usage', `The store ${store.path} has no seal.`, { hint: 'Run: mcp-auth seal' });
  await store.changeSeal(current);
  ui.succeed('This machine expects this seal from now on.');
  listRecipients(current, { ui });
}

/** Adds and removes recipients of a sealed store; shows them if there is nothing to do. */
async function changeRecipients(
  current: Seal,
  { recipient: added = [], removeRecipient: removed = [] }: SealOptions,
  context: Context,
): Promise<void> {
  const { store, ui, keyring } = context;
  const unknown = removed.find((one) => !current.recipients.includes(one));
  if (unknown !== undefined) {
    throw new AuthError('usage', `The store is not sealed to ${unknown.slice(0, 80)}.`, {
      hint: 'To see the recipients, run: mcp-auth seal',
    });
  }
  const recipients = [...new Set([...current.recipients, ...added])].filter((one) => !removed.includes(one));
  if (recipients.length === 0)
    throw new AuthError('usage', 'A sealed store needs a recipient.', { hint: 'To store plain text again, run: mcp-auth unseal' });
  // Also checks that the list of recipients is the one that was sealed.
  await store.read();
  if (added.length + removed.length > 0) {
    // A recipient that is removed knows the old data key.
    const made = await createSeal(recipients, removed.length === 0 ? await keyring.openSeal(current) : undefined);
    await checkOpens(made, context);
    await store.changeSeal(made);
    ui.succeed(removed.length === 0 ? `Added ${count(added)}.` : `Sealed ${store.path} again, with a new key.`);
    listRecipients(made, context);
    if (removed.length === 0) return;
    ui.warn('A removed recipient can still read older copies of the store. If that matters, log out and log in again: the old tokens end.');
    ui.say('On other machines that use this store, run: mcp-auth seal --accept');
    return;
  }
  ui.say(`${store.path} is sealed.`);
  listRecipients(current, context);
}

function count(recipients: readonly string[]): string {
  return recipients.length === 1 ? 'a recipient' : `${recipients.length} recipients`;
}

function listRecipients({ recipients }: Seal, { ui }: Pick<Context, 'ui'>): void {
  ui.say(`Identities of ${recipients.length === 1 ? 'this recipient' : 'these recipients'} can open it:`);
  for (const recipient of recipients) ui.say(`  ${recipient}`);
}

/** What the user has to know once. */
async function explain(made: Seal, context: Context): Promise<void> {
  const { store, ui } = context;
  listRecipients(made, context);
  ui.say('Sealed: tokens, refresh tokens, DPoP keys, client secrets, headers, and two-step logins that are not finished.');
  ui.say('In the clear: names, URLs, issuers, client IDs, scopes, expiry, and members that other programs have added.');
  const foreign = listServers(await store.read()).filter(([, { auth, env }]) => isForeignAuth(auth) || env !== undefined);
  if (foreign.length > 0) {
    const names = foreign.map(([name]) => name).join(', ');
    ui.warn(`What other programs keep for ${names} stays in plain text: mcp-auth does not use it, and they could not open it.`);
  }
  ui.warn('Programs that read the file themselves, as pflow does, can no longer use its logins.');
  ui.say('Have them run: mcp-auth headers NAME, mcp-auth bridge NAME or mcp-auth exec NAME -- COMMAND');
  ui.warn('Backups and older copies of the store still have the tokens in plain text. If that matters, log out and log in again.');
}

function isForeignAuth(auth: unknown): boolean {
  return isObject(auth) && !['bearer', 'dpop', undefined, null].includes(auth['type'] as string | undefined);
}
