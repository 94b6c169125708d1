/** URLs of stores: which engine, which store in it, and how it is named without its password. All functions are pure. */
import { AuthError } from '../../errors.js';
import { withoutPassword } from '../path.js';
import type { EngineKind } from './engine.js';
import { engines } from './index.js';

export interface StoreUrl {
  readonly kind: EngineKind;
  /** As it was given, with its password. */
  readonly url: URL;
  /** The same without the password: what the store is called everywhere. */
  readonly shown: string;
  readonly store: string;
}

const storeNamePattern = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Parses the URL of a store.
 *
 * @throws AuthError `usage` for an engine, a name or a parameter that is unknown. It does not contain the password.
 */
export function parseStoreUrl(text: string): StoreUrl {
  const protocol = /^[^:]*:/.exec(text)?.[0].toLowerCase() ?? '';
  const kind = engines.find(({ protocols }) => protocols.includes(protocol));
  if (kind === undefined) {
    throw new AuthError('usage', `No store can be at a URL that begins with ${protocol}//.`, {
      hint: `Use the path of a file, or a URL of ${engines.map(({ name, protocols }) => `${name} (${protocols[0]}//…)`).join(' or ')}.`,
    });
  }
  if (!URL.canParse(text)) throw createUrlError(kind, 'is not a valid URL');
  const url = new URL(text);
  if (url.hash !== '') throw createUrlError(kind, 'has a fragment: write # in a password as %23');
  const unknown = [...url.searchParams.keys()].find((one) => one !== 'store' && !kind.parameters.includes(one));
  if (unknown !== undefined) throw createUrlError(kind, `has the parameter ${JSON.stringify(unknown)}, which is unsupported`);
  const store = url.searchParams.get('store') ?? 'default';
  if (!storeNamePattern.test(store)) throw createUrlError(kind, 'names a store with other characters than letters, digits, - and _');
  return { kind, url, shown: withoutPassword(url), store };
}

function createUrlError({ name, protocols }: EngineKind, problem: string): AuthError {
  return new AuthError('usage', `The URL of the store ${problem}.`, {
    hint: `For ${name}: ${protocols[0]}//USER@HOST/…?store=NAME     See docs/fleet.md`,
  });
}
