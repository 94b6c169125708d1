/** Names that a server of the store can have, made of those that it has elsewhere. All pure. */
import { getOwnValue, serverNamePattern, type StoreDocument } from './document.js';

/** Letters of Latin scripts that are no letter with a mark on it. */
const letters: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i', ħ: 'h' },
};
const longest = 64;

/** Whether a name can stay as it is: one that begins with a hyphen would be taken for an option. */
export function isUsableName(name: string): boolean {
  return serverNamePattern.test(name) && !name.startsWith('-');
}

/** A name made to fit: `My Server` is `my-server`, `@scope/büro` is `scope-buro`. Empty where nothing of it is left. */
export function toServerName(name: string): string {
  if (isUsableName(name)) return name;
  const plain = name
    .slice(0, 4 * longest)
    .toLowerCase()
    .replace(/\P{ASCII}/gu, (letter) => letters[letter] ?? letter);
  const words = plain
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9_]+/);
  const fitted = words.filter(Boolean).join('-').slice(0, longest).replace(/-$/, '');
  return isUsableName(fitted) ? fitted : '';
}

/** A server as another program has it. */
interface Named {
  readonly name: string;
  readonly url: string;
}

/**
 * What the store calls these servers, in their order: by their own names where those fit. One that was given a name before
 * has it again; no name is another server's, nor that of two of these.
 *
 * @param isSame whether an entry's URL is that of a server.
 * @param ofHost the name for a server of whose own nothing is left.
 */
export function chooseServerNames(
  servers: readonly Named[],
  {
    document,
    isSame,
    ofHost,
  }: { document: StoreDocument; isSame: (written: unknown, url: string) => boolean; ofHost: (url: string) => string },
): string[] {
  const known = document.mcpServers ?? {};
  const used = new Set(servers.map(({ name }) => name).filter(isUsableName));
  const free = freeNames((one) => used.has(one) || Object.hasOwn(known, one));
  return servers.map(({ name, url }) => {
    if (isUsableName(name)) return name;
    const base = toServerName(name) || ofHost(url);
    const ofBase = (one: string) => one === base || (one.startsWith(`${base}-`) && /^[1-9]\d*$/.test(one.slice(base.length + 1)));
    const before = Object.keys(known).find((one) => ofBase(one) && !used.has(one) && isSame(getOwnValue(known, one)?.url, url));
    const chosen = before ?? free(base);
    used.add(chosen);
    return chosen;
  });
}

/** `base`, with the first number that makes it free. */
export function findFreeName(base: string, isTaken: (name: string) => boolean): string {
  return freeNames(isTaken)(base);
}

/** `firstFree` for many: no name that is taken becomes free meanwhile, so that each is tried once. */
function freeNames(isTaken: (name: string) => boolean): (base: string) => string {
  const numbers = new Map<string, number>();
  return (base) => {
    let number = numbers.get(base) ?? 1;
    const name = () => (number === 1 ? base : `${base}-${number}`);
    while (isTaken(name())) number += 1;
    numbers.set(base, number);
    return name();
  };
}
