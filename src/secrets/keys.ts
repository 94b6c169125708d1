/** Keys in URLs: many services give every customer a URL with a key in its path or query. */
import { looksRandom } from '../text/server-text.js';
import { minSecretLength } from './forms.js';

export const redactionMark = '…';

/** Names of parameters whose values are keys. */
const keyName = /key|token|secret|passw|pwd|sig|auth|cred|code|session|jwt|assertion/i;

/** Whether a parameter's value looks like a key, by its name or by itself. */
function looksLikeKey(name: string, value: string): boolean {
  if (value.length < minSecretLength) return false;
  return keyName.test(name) || looksRandom(value);
}

/** The keys in the path, query, fragment and user information of a URL. */
export function findKeys(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { pathname, searchParams, hash, username, password } = new URL(url);
  const inQuery = [...searchParams, ...new URLSearchParams(hash.slice(1))].filter(([name, value]) => looksLikeKey(name, value));
  return [username, password, ...inQuery.map(([, value]) => value), ...pathname.split('/').filter(looksRandom)];
}

/** Replaces user information, and keys in the queries of the URLs in a text, also of URLs that were never noted. */
export function hideKeys(text: string): string {
  return text
    .replace(/(https?:\/\/)[^\s/?#@“”]*@/gi, `$1${redactionMark}@`)
    .replace(/([?&#;])([^\s=&?#;“”]+)=([^\s&#;“”"'<>]+)/g, (all, mark: string, name: string, value: string) =>
      looksLikeKey(name, value) ? `${mark}${name}=${redactionMark}` : all,
    );
}
