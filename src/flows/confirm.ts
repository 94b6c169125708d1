/** What a person is asked before a login goes on that only they can vouch for. Without a person, an option says it. */
import type { Context } from '../context.js';
import { quoteShellWord } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import type { ForeignEndpoint } from '../oauth/endpoints.js';

type Asking = Pick<Context, 'ui' | 'signal'>;

/** Asks at the terminal; the answer is no until another one is chosen. False where no person can be asked. */
async function confirm(question: { message: string; yes: string }, { ui, signal }: Asking): Promise<boolean> {
  if (ui.input !== 'terminal') return false;
  const choices = [
    { name: 'No: stop here', value: false },
    { name: question.yes, value: true },
  ];
  return ui.choose({ message: question.message, choices, signal });
}

/**
 * Has the person vouch for endpoints that are on another site than their authorization server.
 *
 * @returns the hosts that are trusted from now on, joined by spaces.
 * @throws AuthError `endpoint_elsewhere` unless the person says yes.
 */
export async function confirmEndpoints(
  { issuer, foreign, trusted }: { issuer: string; foreign: readonly ForeignEndpoint[]; trusted: string | undefined },
  context: Asking,
): Promise<string> {
  const { host } = new URL(issuer);
  const hosts = [...new Set(foreign.map((one) => one.host))];
  const which = foreign.map((one) => `${one.name} at ${one.host}`).join(', ');
  const others = hosts.join(' and ');
  const message = `The authorization server ${host} has its ${which}, which is another site.`;
  const risk = `If ${others} does not belong to ${host}, this is an attack: what you approve there would be handed to ${host}.`;
  if (context.ui.input === 'terminal') {
    context.ui.warn(message);
    context.ui.warn(risk);
  }
  const question = { message: `Does ${others} belong to ${host}?`, yes: `Yes: ${others} belongs to ${host}` };
  if (await confirm(question, context)) return [trusted, ...hosts].filter(Boolean).join(' ');
  throw new AuthError('endpoint_elsewhere', `${message} Nothing was sent there.`, {
    hint: `${context.ui.input === 'terminal' ? '' : `${risk} `}If you know that it does, pass --trust-endpoints ${quoteShellWord(hosts.join(','))}`,
  });
}

/**
 * Has the person vouch for an authorization server that only the MCP server has named, before it is shown a secret, or what a
 * secret or a platform has signed.
 *
 * @param what is shown to it, as the object of a sentence.
 * @throws AuthError `issuer_unconfirmed` unless the person says yes.
 */
export async function confirmIssuer({ issuer, what }: { issuer: string; what: string }, context: Asking): Promise<void> {
  const { host } = new URL(issuer);
  const named = `The MCP server names the authorization server ${issuer}, and you have not`;
  if (context.ui.input === 'terminal') context.ui.warn(`${named}: it would be sent ${what}.`);
  if (await confirm({ message: `Is ${issuer} the authorization server that ${what} is for?`, yes: `Yes: send it to ${host}` }, context))
    return;
  throw new AuthError('issuer_unconfirmed', `${named}: it was not sent ${what}.`, {
    hint: `If it is the right one, pass --issuer ${quoteShellWord(issuer)}`,
  });
}
