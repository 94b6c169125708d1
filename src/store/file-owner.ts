/** Whose files are believed, and by whose links they are found. */
import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import path from 'node:path';

/** Whether what `uid` has made can be trusted: this user's, and root's, who may do anything. To root, everybody's. */
export function isTrustedOwner(uid: number): boolean {
  const self = process.getuid?.();
  return self === undefined || self === 0 || uid === self || uid === 0;
}

/** Whether something is this very user's. */
export function isOwnUid(uid: number): boolean {
  const self = process.getuid?.();
  return self === undefined || uid === self;
}

/** Links after which the system gives up, too. */
const mostLinks = 40;

/**
 * The user who has made the file at `file`, or a link on the way to it, and is not to be trusted with that: a link leads to any
 * file that we may write, also where there is none yet. Root follows a user's links to that user's own files only.
 */
export function findUntrustedOwner(file: string): number | undefined {
  const links: number[] = [];
  let at = file;
  let found: Stats | undefined;
  for (let left = mostLinks; left > 0; left -= 1) {
    found = lstatSync(at, { throwIfNoEntry: false });
    if (!found?.isSymbolicLink()) break;
    links.push(found.uid);
    at = path.resolve(realpathSync(path.dirname(at)), readlinkSync(at));
  }
  const owner = found?.uid;
  const stranger = [...links, ...(owner === undefined ? [] : [owner])].find((uid) => !isTrustedOwner(uid));
  return stranger ?? (process.getuid?.() === 0 ? links.find((uid) => uid !== 0 && uid !== owner) : undefined);
}
