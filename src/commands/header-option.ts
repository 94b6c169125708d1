import { AuthError } from '../errors.js';
import { isHeaderValue, reservedHeaders } from '../http/header-line.js';

/** Adds a `Name: value` to the headers given so far, by lower-case name. An empty value removes the header. */
export function parseHeader(text: string, before: unknown): Record<string, string> {
  const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\r\n]*)$/.exec(text) ?? [];
  if (name === '') throw new AuthError('usage', '--header takes "Name: value".');
  if (!isHeaderValue(value)) throw new AuthError('usage', `The value of --header ${name} has characters that are not allowed in a header.`);
  if (name.toLowerCase() === 'authorization') {
    throw new AuthError('usage', '--header cannot set Authorization, which carries the token of the login.', {
      hint: 'To log in, run: mcp-auth login SERVER',
    });
  }
  if (reservedHeaders.has(name.toLowerCase())) throw new AuthError('usage', `--header cannot set ${name}, which mcp-auth sets itself.`);
  return { ...(before as Record<string, string> | undefined), [name.toLowerCase()]: value.trim() };
}
