/** A message that is too large to be parsed: where the little of it stands that has to be known. One pass, which keeps nothing. */
import type { BinaryString } from '../effects.js';

/**
 * Octets of a message that is parsed: what JSON.parse makes of a longer one may take twenty times as much memory, to find an
 * id in it. It is passed on as it came.
 */
export const maxParsedBytes = 1024 * 1024;

/** Where the value of a member stands, with the space around it. */
export interface MemberPosition {
  readonly start: number;
  readonly end: number;
}

const [quote, backslash, comma, colon] = Array.from('"\\,:', (one) => one.charCodeAt(0));
const opening = new Set(Array.from('{[', (one) => one.charCodeAt(0)));
const closing = new Set(Array.from('}]', (one) => one.charCodeAt(0)));

/** The members that an object has itself, by their names as they are written; none for what is no object. */
export function findMembers(text: BinaryString): ReadonlyMap<string, MemberPosition> {
  const places = new Map<string, MemberPosition>();
  if (!text.startsWith('{')) return places;
  let depth = 0;
  let name: string | undefined;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      // A name is followed by a value that ends where the next name begins.
      if (depth === 1) name ??= text.slice(at + 1, Math.min(end, at + longestName));
      at = end;
    } else if (depth === 1 && code === colon) start = at + 1;
    else if (opening.has(code)) depth += 1;
    else if (closing.has(code) || (depth === 1 && code === comma)) {
      if (depth === 1 && name !== undefined && places.size < mostNames) places.set(name, { start, end: at });
      if (depth === 1) name = undefined;
      if (code !== comma) depth -= 1;
    }
  }
  return places;
}

/** Characters of a name that are kept, and members: what JSON-RPC has is far less. */
const longestName = 64;
const mostNames = 64;

/** Where the string that begins there ends: at its quotation mark, or with the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
  return text.length;
}
