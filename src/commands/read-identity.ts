/** The identity that the agent is given: from where it is configured, from a pipe, or typed. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { parseIdentities } from '../store/seal/data-key.js';
import { maxIdentityLength } from '../store/identities/text-identity.js';

/** @throws AuthError `identity_needed` */
export async function readIdentity({ keyring, ui, signal }: Context): Promise<string> {
  const configured = await keyring.findIdentity();
  const text = configured?.readText ? await configured.readText() : await askIdentity({ ui, signal });
  parseIdentities(text, configured?.readText ? configured.what : 'The input');
  return text;
}

async function askIdentity({ ui, signal }: Pick<Context, 'ui' | 'signal'>): Promise<string> {
  if (ui.input === 'none') {
    throw new AuthError('identity_needed', 'There is no identity on stdin, and none is configured.', {
      hint: "Run: mcp-auth config identity-command 'COMMAND'     or: COMMAND | mcp-auth agent unlock",
    });
  }
  const message = 'Age identity (AGE-SECRET-KEY-1…)';
  if (ui.input === 'terminal') return (await ui.ask({ message, secret: true, signal })) ?? '';
  const lines: string[] = [];
  for (let length = 0; length < maxIdentityLength;) {
    const line = await ui.ask({ message, secret: true, signal });
    if (line === undefined) break;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join('\n');
}
