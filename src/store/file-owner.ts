/** Which users' files and symbolic links are trusted. */
import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import path from 'node:path';

/** Whether files of user `uid` are trusted: those of the current user and of root. Root trusts all of them. */
export function isTrustedOwner(uid: number): boolean {
  const self = process.getuid?.();
  return self === undefined || self === 0 || uid === self || uid === 0;
}

/** Whether `uid` is the current user; always true on Windows, which has no user IDs. */
export function isOwnUid(uid: number): boolean {
  const self = process.getuid?.();
  return self === undefined || uid === self;
}

/** Symbolic links that are followed; Linux stops at 40 too (ELOOP). */
const maxLinks = 40;

/**
 * The untrusted user (uid) who owns `file` or a symbolic link on the way to it; undefined if there is none. A link can
 * lead to any file that the current user may write, even to one that does not exist yet. Root follows a user's links only to files of the same
 * user.
 */
export function findUntrustedOwner(file: string): number | undefined {
  const links: number[] = [];
  let at = file;
  let found: Stats | undefined;
  for (let left = maxLinks; left > 0; left -= 1) {
    found = lstatSync(at, { throwIfNoEntry: false });
    if (!found?.isSymbolicLink()) break;
    links.push(found.uid);
    at = path.resolve(realpathSync(path.dirname(at)), readlinkSync(at));
  }
  const owner = found?.uid;
  const untrusted = [...links, ...(owner === undefined ? [] : [owner])].find((uid) => !isTrustedOwner(uid));
  return untrusted ?? (process.getuid?.() === 0 ? links.find((uid) => uid !== 0 && uid !== owner) : undefined);
}
