import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { listVariables, replaceReferences } from '../store/variables.js';

/**
 * Converts the URL of a server in an app's configuration to the form of the store. It is checked with its variables expanded, and
 * stored with them unexpanded.
 *
 * @param checkUrl throws for a URL that a server cannot have, and returns its normalised form.
 * @throws AuthError `usage` for a URL that a server cannot have, whatever the values of variables that are not set here.
 */
export function toStoredUrl(url: string, checkUrl: (url: string) => string, { variables }: Pick<Env, 'variables'>): string {
  const written = url.trim();
  const expanded = replaceReferences(written, 'Its URL', ({ name, defaultValue, start, end }) => {
    const value = variables[name] === '' ? undefined : variables[name];
    return value ?? defaultValue ?? guessValue(written.slice(0, start), written.slice(end));
  });
  const checked = checkUrl(expanded);
  if (listVariables(written).length === 0) return checked;
  if (/[^\x21-\x7e]|\\/.test(written)) throw new AuthError('usage', 'Its URL has characters that a URL with a variable cannot have.');
  return written;
}

/** A value that the variable could have, judging by the text around it. */
function guessValue(before: string, after: string): string {
  if (before === '') return after.startsWith('://') ? 'https' : 'https://localhost';
  return before.endsWith(':') ? '1' : 'localhost';
}
