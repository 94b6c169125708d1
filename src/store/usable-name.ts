/** Server names for the store, made from the names that apps use. All functions are pure. */
import { getOwnValue, serverNamePattern, type StoreDocument } from './document.js';

/** Latin letters that Unicode does not decompose into an ASCII letter and a mark. */
const asciiSpellings: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i', ħ: 'h' },
};
const maxLength = 64;

/** Whether a name can be used unchanged. A name that begins with a hyphen would be read as an option. */
export function isUsableName(name: string): boolean {
  return serverNamePattern.test(name) && !name.startsWith('-');
}

/** The name in a form that the store allows: `My Server` becomes `my-server`, `@scope/büro` becomes `scope-buro`. '' if no letter is left. */
export function toServerName(name: string): string {
  if (isUsableName(name)) return name;
  const plain = name
    .slice(0, 4 * maxLength)
    .toLowerCase()
    .replace(/\P{ASCII}/gu, (letter) => asciiSpellings[letter] ?? letter);
  const words = plain
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9_]+/);
  const fitted = words.filter(Boolean).join('-').slice(0, maxLength).replace(/-$/, '');
  return isUsableName(fitted) ? fitted : '';
}

/** A server in an app's configuration. */
interface NamedServer {
  readonly name: string;
  readonly url: string;
}

/**
 * The names of these servers in the store, in the same order: their own names if those can be used. A server that has a
 * name in the store keeps it. No two of them, and no other server, get the same name.
 *
 * @param isSame whether an entry's URL is the URL of a server.
 * @param ofHost a name from the URL's host, for a server whose own name has no usable letter.
 */
export function chooseServerNames(
  servers: readonly NamedServer[],
  {
    document,
    isSame,
    ofHost,
  }: { document: StoreDocument; isSame: (written: unknown, url: string) => boolean; ofHost: (url: string) => string },
): string[] {
  const known = document.mcpServers ?? {};
  const used = new Set(servers.map(({ name }) => name).filter(isUsableName));
  const free = createNameFinder((one) => used.has(one) || Object.hasOwn(known, one));
  return servers.map(({ name, url }) => {
    if (isUsableName(name)) return name;
    const base = toServerName(name) || ofHost(url);
    const isNumbered = (one: string) => one === base || (one.startsWith(`${base}-`) && /^[1-9]\d*$/.test(one.slice(base.length + 1)));
    const before = Object.keys(known).find((one) => isNumbered(one) && !used.has(one) && isSame(getOwnValue(known, one)?.url, url));
    const chosen = before ?? free(base);
    used.add(chosen);
    return chosen;
  });
}

/** `base`, with a number if that name is taken: `base-2`, `base-3`, … */
export function findFreeName(base: string, isTaken: (name: string) => boolean): string {
  return createNameFinder(isTaken)(base);
}

/** `findFreeName` for many names. Each number is tried once: a name that is taken does not become free. */
function createNameFinder(isTaken: (name: string) => boolean): (base: string) => string {
  const numbers = new Map<string, number>();
  return (base) => {
    let number = numbers.get(base) ?? 1;
    const name = () => (number === 1 ? base : `${base}-${number}`);
    while (isTaken(name())) number += 1;
    numbers.set(base, number);
    return name();
  };
}
