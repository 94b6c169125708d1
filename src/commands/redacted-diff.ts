/** A change of an app's file as a diff in which secrets, the user's and ours, are redacted. Pure functions. */
import { createTwoFilesPatch } from 'diff';
import type { FileChange } from '../connect/connect-app.js';

/**
 * The lines of a patch. Of the text that was already in the file, only names are shown; of our text, everything but the token.
 *
 * @param snippet the entry that mcp-auth writes.
 */
export function formatRedactedDiff({ file, before, after }: Pick<FileChange, 'file' | 'before' | 'after'>, snippet: string): string[] {
  const ours = new Set(snippet.match(words));
  const shown = (text: string) =>
    withoutTokens(text.replace(words, (word, at: number) => (ours.has(word) || isKey(text, at + word.length) ? word : '…')));
  const patch = createTwoFilesPatch(file, file, shown(before), shown(after), undefined, undefined, { context: 3 });
  return patch.split('\n').slice(1, -1);
}

/**
 * A string, or a word without quotes, in JSON, TOML and YAML. An unterminated string ends at the end of its line, so that the
 * regular expression takes linear time.
 */
const words = /"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\s"',[\]{}]+/g;

/** Whether the word that ends at `end` is a key. */
function isKey(text: string, end: number): boolean {
  return text[end - 1] === ':' || /^\s*[:=]/.test(text.slice(end, end + 20));
}

function withoutTokens(text: string): string {
  return text
    .replace(/(Bearer )[^"'\s]+/g, '$1…')
    .replace(/("?(?:access_?token|refresh_?token|client_?secret|token|key|password|secret)"?\s*[:=]\s*")[^"]+/gi, '$1…');
}
