/** Confirmations that only the user can give. Without a terminal, an option gives them. */
import type { Effects } from '../effects.js';
import { quoteShellWord } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import type { ForeignEndpoint } from '../oauth/endpoints.js';

type ConfirmationEffects = Pick<Effects, 'ui' | 'signal'>;

/** Asks at the terminal, with "no" as the default. False without a terminal. */
export async function confirm(question: { message: string; yes: string }, { ui, signal }: ConfirmationEffects): Promise<boolean> {
  if (ui.input !== 'terminal') return false;
  const choices = [
    { name: 'No: stop here', value: false },
    { name: question.yes, value: true },
  ];
  return ui.choose({ message: question.message, choices, signal });
}

/**
 * Asks the user to confirm endpoints that are on another site than their authorization server.
 *
 * @returns the trusted hosts, joined by spaces: `trusted` and the confirmed ones.
 * @throws AuthError `endpoint_elsewhere` unless the user confirms.
 */
export async function confirmEndpoints(
  { issuer, foreign, trusted }: { issuer: string; foreign: readonly ForeignEndpoint[]; trusted: string | undefined },
  effects: ConfirmationEffects,
): Promise<string> {
  const isTerminal = effects.ui.input === 'terminal';
  const { host } = new URL(issuer);
  const hosts = [...new Set(foreign.map((endpoint) => endpoint.host))];
  const list = foreign.map((endpoint) => `${endpoint.name} at ${endpoint.host}`).join(', ');
  const others = hosts.join(' and ');
  const message = `The authorization server ${host} has its ${list}, which is another site.`;
  const risk = `If ${others} does not belong to ${host}, this is an attack: ${host} would receive what you approve there.`;
  if (isTerminal) {
    effects.ui.warn(message);
    effects.ui.warn(risk);
  }
  const question = { message: `Does ${others} belong to ${host}?`, yes: `Yes: ${others} belongs to ${host}` };
  if (await confirm(question, effects)) return [trusted, ...hosts].filter(Boolean).join(' ');
  throw new AuthError('endpoint_elsewhere', `${message} Nothing was sent there.`, {
    hint: `${isTerminal ? '' : `${risk} `}If you know that it does, pass --trust-endpoints ${quoteShellWord(hosts.join(','))}`,
  });
}

/**
 * Asks the user to confirm an authorization server that only the MCP server has named, before it receives a secret, or an
 * assertion signed with a key or by a platform.
 *
 * @param credential what it would receive, as the object of a sentence.
 * @throws AuthError `issuer_unconfirmed` unless the user confirms.
 */
export async function confirmIssuer(
  { issuer, credential }: { issuer: string; credential: string },
  effects: ConfirmationEffects,
): Promise<void> {
  const { host } = new URL(issuer);
  const cause = `Only the MCP server has named the authorization server ${issuer}, not you`;
  if (effects.ui.input === 'terminal') effects.ui.warn(`${cause}. It would receive ${credential}.`);
  const question = { message: `Is ${issuer} the right authorization server for ${credential}?`, yes: `Yes: send it to ${host}` };
  if (await confirm(question, effects)) return;
  throw new AuthError('issuer_unconfirmed', `${cause}. It was not sent ${credential}.`, {
    hint: `If it is the right one, pass --issuer ${quoteShellWord(issuer)}`,
  });
}
