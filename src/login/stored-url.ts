import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { listVariables, replaceReferences } from '../store/variables.js';

/**
 * A URL that an app has, as the store has it: checked as it is used, and with its variables as they are written.
 *
 * @param checkUrl throws for a URL that no server may have, and returns it as it is stored.
 * @throws AuthError `usage` for one that no server may have, whatever is in the variables that are not set here.
 */
export function toStoredUrl(url: string, checkUrl: (url: string) => string, { variables }: Pick<Env, 'variables'>): string {
  const written = url.trim();
  const used = replaceReferences(written, 'Its URL', ({ name, defaultValue: otherwise, start, end }) => {
    const value = variables[name] === '' ? undefined : variables[name];
    return value ?? otherwise ?? standIn(written.slice(0, start), written.slice(end));
  });
  const checked = checkUrl(used);
  if (listVariables(written).length === 0) return checked;
  if (/[^\x21-\x7e]|\\/.test(written)) throw new AuthError('usage', 'Its URL has characters that no URL with a variable can have.');
  return written;
}

/** What could be in a variable, by what stands around it. */
function standIn(before: string, after: string): string {
  if (before === '') return after.startsWith('://') ? 'https' : 'https://localhost';
  return before.endsWith(':') ? '1' : 'localhost';
}
