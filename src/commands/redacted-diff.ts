/** A change of an app's file, as it is shown to the person: without what is secret there, of others or of ours. All pure. */
import { createTwoFilesPatch } from 'diff';
import type { FileChange } from '../connect/connect-app.js';

/**
 * The lines of a patch. Of what others wrote into the file, names are shown and nothing else; of ours, all but the token.
 *
 * @param snippet is what we write there.
 */
export function formatRedactedDiff({ file, before, after }: Pick<FileChange, 'file' | 'before' | 'after'>, snippet: string): string[] {
  const ours = new Set(snippet.match(words));
  const shown = (text: string) =>
    withoutTokens(text.replace(words, (word, at: number) => (ours.has(word) || isKey(text, at + word.length) ? word : '…')));
  const patch = createTwoFilesPatch(file, file, shown(before), shown(after), undefined, undefined, { context: 3 });
  return patch.split('\n').slice(1, -1);
}

/**
 * A string, or a word without quotes, in JSON, TOML and YAML. A string that does not end is one up to the end of its line: its
 * rest is not looked through again for others.
 */
const words = /"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\s"',[\]{}]+/g;

/** Whether the word that ends there is the name of a member. */
function isKey(text: string, end: number): boolean {
  return text[end - 1] === ':' || /^\s*[:=]/.test(text.slice(end, end + 20));
}

function withoutTokens(text: string): string {
  return text
    .replace(/(Bearer )[^"'\s]+/g, '$1…')
    .replace(/("?(?:access_?token|refresh_?token|client_?secret|token|key|password|secret)"?\s*[:=]\s*")[^"]+/gi, '$1…');
}
