/** Which paths every program reads in the same way. The only definition, for every URL that a login may be used at. */

/** Characters that separate parts of a path or URL, or step up, wherever they occur. */
const separators = /[/\\.;?#%]/g;
/** Unencoded, some programs read these as a slash or as the end of a segment. */
const ambiguous = /[\\;]|\/\//;
/** Characters that some programs remove first, and letters that some read as a slash or a dot. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u2044\u2215\u2216\u29f5\u29f8\u29f9]/u;

/**
 * Whether a path, as the URL parser returns it, is the same path to every program: it contains nothing that is a slash, a step up
 * or an end to one program and a letter to another, be it encoded once or twice, in overlong UTF-8, in full width, or next to a
 * character that some programs remove.
 */
export function isUnambiguousPath(path: string): boolean {
  const text = decode(path);
  if (text === undefined || ambiguous.test(path) || unseen.test(text)) return false;
  const withoutEncoded = path.replace(/%[0-9a-f]{2}/gi, '');
  return findSeparators(text.normalize('NFKC')) === findSeparators(withoutEncoded) && !text.split('/').some(isStepUp);
}

/** Undefined for text that is not valid UTF-8, such as overlong forms. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function findSeparators(text: string): string {
  return (text.match(separators) ?? []).join('');
}

/** Some file systems ignore white space, and dots after the second. */
function isStepUp(segment: string): boolean {
  return /^[\s.]*$/.test(segment) && segment.replace(/\s/g, '').length > 1;
}
