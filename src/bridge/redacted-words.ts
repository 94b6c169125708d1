/**
 * Errors for an app that redacts. Claude Code replaces every word of an error that also stands in its entry for the server, such as
 * the server's name, by `[redacted]`: a command with the name in it would be useless.
 */
import type { AuthError } from '../errors.js';
import { redactUrl } from '../text/server-text.js';
import type { Target } from './target-login.js';

/** The message and the hint of an error, without the name and the URL of the server. `mcp-auth login` then asks which server. */
export function formatWithoutServer({ message, hint = '' }: Pick<AuthError, 'message' | 'hint'>, target: Target): string {
  const words = [target.name, target.url.href, redactUrl(target.url)].filter((word) => word !== undefined).map(toPattern);
  const word = `(?:${words.join('|')})(?![\\w/-])`;
  const command = target.name === undefined ? 'mcp-auth login URL' : 'mcp-auth login';
  const sentence = message
    .replace(new RegExp(`^${word}`), 'This server')
    // Only where a sentence of ours names the server: a name may be any word.
    .replace(new RegExp(`(?<=\\b(?:to|of|for) )${word}`, 'g'), 'this server');
  return [sentence, hint.replace(new RegExp(`mcp-auth login ${word}`, 'g'), command)].filter((part) => part !== '').join(' ');
}

/** A word, perhaps quoted for a shell. */
function toPattern(word: string): string {
  return `'?${word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}'?`;
}
