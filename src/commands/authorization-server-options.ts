import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { ownParameters } from '../oauth/authorization-code.js';
import type { Option } from './command.js';

/** The options of `login` that make up for what one authorization server does in its own way. */
const options: readonly Option[] = [
  { flags: '--issuer <url>', help: 'which of several authorization servers to use' },
  {
    flags: '--trust-issuer <url>',
    help: 'accept, for this server, that its authorization server calls itself by this address',
    parse: parseIssuer,
  },
  {
    flags: '--authorize-param <key=value>',
    help: 'what one server wants in the authorization request; may be repeated',
    parse: parseParameter,
  },
  {
    flags: '--allow-private-network',
    help: 'let the server name addresses in a private network, or on this machine, where it is not itself',
  },
  {
    flags: '--allow-missing-pkce-metadata',
    help: 'go on where the authorization server does not say that it does PKCE: if it does none, a stolen code can be used by the thief',
  },
];

export const serverOptions: readonly Option[] = options.map((option) => ({ ...option, group: 'What one authorization server needs:' }));

/** To the letter, since issuers are compared as strings (RFC 8414 section 3.3). */
export function parseIssuer(text: string): string {
  parseSafeUrl(text, { what: 'The issuer', code: 'usage' });
  return text;
}

/** One more `KEY=VALUE` of those given so far. */
function parseParameter(text: string, before: unknown): Record<string, string> {
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === '') throw new AuthError('usage', '--authorize-param takes KEY=VALUE.');
  if (ownParameters.has(key)) throw new AuthError('usage', `--authorize-param cannot set ${key}, which mcp-auth sets itself.`);
  return { ...(before as Record<string, string> | undefined), [key]: value };
}
