/** Finds the members of a JSON object that is too large to parse, in one pass and without copying it. */
import type { BinaryString } from '../effects.js';

/**
 * Messages up to this size are parsed. Larger ones are passed on unparsed: JSON.parse may need twenty times their size in
 * memory, only to find an id.
 */
export const maxParsedBytes = 1024 * 1024;

/** Where the value of a member is, including the whitespace around it. */
export interface MemberPosition {
  readonly start: number;
  readonly end: number;
}

const [quote, backslash, comma, colon] = Array.from('"\\,:', (one) => one.charCodeAt(0));
const opening = new Set(Array.from('{[', (one) => one.charCodeAt(0)));
const closing = new Set(Array.from('}]', (one) => one.charCodeAt(0)));

/** JSON-RPC needs far fewer members and far shorter names. Others are skipped. */
const maxNameLength = 64;
const maxMembers = 64;

/** The members of the outermost object, by their names as written. Empty if the text is not an object. */
export function findMembers(text: BinaryString): ReadonlyMap<string, MemberPosition> {
  const members = new Map<string, MemberPosition>();
  if (!text.startsWith('{')) return members;
  let depth = 0;
  let name: string | undefined;
  let start = 0;
  const endMember = (end: number) => {
    if (name !== undefined && members.size < maxMembers) members.set(name, { start, end });
    name = undefined;
  };
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = findStringEnd(text, at);
      // The first string of a member is its name; a second one is its value.
      if (depth === 1) name ??= text.slice(at + 1, Math.min(end, at + maxNameLength));
      at = end;
    } else if (opening.has(code)) depth += 1;
    else if (closing.has(code)) {
      if (depth === 1) endMember(at);
      depth -= 1;
    } else if (depth === 1 && code === colon) start = at + 1;
    else if (depth === 1 && code === comma) endMember(at);
  }
  return members;
}

/** The position of the closing quotation mark, or the end of the text. */
function findStringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
  return text.length;
}
