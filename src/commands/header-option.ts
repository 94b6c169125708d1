import { AuthError } from '../errors.js';
import { isHeaderValue, reservedHeaders } from '../http/header-line.js';

/** One more `Name: value` of those given so far, by lower-case name. An empty value takes the header back. */
export function parseHeader(text: string, before: unknown): Record<string, string> {
  const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\r\n]*)$/.exec(text) ?? [];
  if (name === '') throw new AuthError('usage', '--header takes "Name: value".');
  if (!isHeaderValue(value)) throw new AuthError('usage', `The value of --header ${name} has characters that no header can hold.`);
  if (name.toLowerCase() === 'authorization') {
    throw new AuthError('usage', '--header cannot set Authorization: the login’s token is sent there.', {
      hint: 'Run: mcp-auth login SERVER',
    });
  }
  if (reservedHeaders.has(name.toLowerCase())) throw new AuthError('usage', `--header cannot set ${name}, which mcp-auth sets itself.`);
  return { ...(before as Record<string, string> | undefined), [name.toLowerCase()]: value.trim() };
}
