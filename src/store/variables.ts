import type { Env } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { isSameUrl } from './document.js';

/**
 * `${VAR}` and `${VAR:-default}` in what apps and people wrote, as it is used; in the store it stays as it is.
 *
 * @param what the text is, as the beginning of a sentence.
 * @throws AuthError `variable_unset`.
 */
export function expandVariables(text: string, { variables }: Pick<Env, 'variables'>, what = 'The URL of the server'): string {
  return text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, otherwise: string | undefined) => {
    const value = variables[name] === '' ? undefined : variables[name];
    if (value !== undefined) return value;
    if (otherwise !== undefined) return otherwise;
    throw new AuthError('variable_unset', `${what} names \${${name}}, which is not set.`, {
      hint: `Set ${name} in the environment.`,
    });
  });
}

/** Whether all that a text names is set, or has a default. */
export function isExpandable(text: string, env: Pick<Env, 'variables'>): boolean {
  try {
    expandVariables(text, env);
    return true;
  } catch (error) {
    if (hasCode(error, 'variable_unset')) return false;
    throw error;
  }
}

/** The variables that a URL names: whoever it leads to is told what is in them. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name);
}

/** Whether a server's URL, as it is used, is `url`. */
export function isUrlOf(written: unknown, url: string, env: Pick<Env, 'variables'>): boolean {
  if (typeof written !== 'string') return false;
  try {
    return isSameUrl(expandVariables(written, env), url);
  } catch (error) {
    if (hasCode(error, 'variable_unset')) return false;
    throw error;
  }
}
