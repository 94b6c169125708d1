/** Which paths every program on the way reads as the same one: the one definition for all that a login may be used for. */

/** What separates parts of an address, or steps up, wherever it stands. */
const separators = /[/\\.;?#%]/g;
/** Written without a code, some programs take these for a slash, or for the end of a segment. */
const unclear = /[\\;]|\/\//;
/** What some programs take away before they look at the rest, and letters that others take for a slash or a dot. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u2044\u2215\u2216\u29f5\u29f8\u29f9]/u;

/**
 * Whether a path, as the URL parser gives it, is one path to every program: nothing in it is a slash, a step up or an end to one
 * server and a letter to another, once or twice encoded, in overlong UTF-8, full width, or beside what is taken away.
 */
export function isUnambiguousPath(path: string): boolean {
  const text = decoded(path);
  if (text === undefined || unclear.test(path) || unseen.test(text)) return false;
  const bare = path.replace(/%[0-9a-f]{2}/gi, '');
  return separatorsOf(text.normalize('NFKC')) === separatorsOf(bare) && !text.split('/').some(isStepUp);
}

/** Undefined for what is no UTF-8, as overlong forms are not. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function separatorsOf(text: string): string {
  return (text.match(separators) ?? []).join('');
}

/** Some file systems pass over white space, and over more dots than two. */
function isStepUp(segment: string): boolean {
  return /^[\s.]*$/.test(segment) && segment.replace(/\s/g, '').length > 1;
}
