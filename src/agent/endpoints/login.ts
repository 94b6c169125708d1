import { createCallbackUi } from '../../callback-ui.js';
import type { Context } from '../../context.js';
import type { LoginEvent } from '../../effects.js';
import { AuthError, hasCode, toAuthError } from '../../errors.js';
import { login } from '../../login/login.js';
import { findTarget, type LoginTarget } from '../../login/target.js';
import { redactError } from '../../secrets/secrets.js';
import { findServer } from '../../store/document.js';
import { quote, redactUrl } from '../../text/server-text.js';
import type { Gate } from '../gate.js';
import { readQuestion, respondLines } from '../responses.js';
import type { Endpoint } from '../service.js';

/**
 * Logs in on this machine for another one, and tells how it goes, in lines of JSON. The user is asked before anything is requested or
 * opened.
 */
export const startLogin: Endpoint = {
  route: 'POST /v1/logins',
  handle: async (exchange, { context, machine }) => {
    const { response, gate, signal } = exchange;
    const { server, name, scope } = await readQuestion(exchange);
    if (typeof server !== 'string' || !isOptionalText(name) || !isOptionalText(scope)) {
      throw new AuthError('usage', 'The request names no server.');
    }
    const target = await findAllowedTarget({ server, name }, { gate, context });
    const isNew = findServer(await context.store.read(), target.name) === undefined;
    const write = respondLines(response);
    try {
      if (gate.kind === 'restricted') write({ event: 'agent_asking', agent: machine, server: target.name });
      const succeed = await gate.admitLogin({ name: target.name, url: new URL(target.expandedUrl), isNew, scope }, signal);
      const { login: stored } = await logIn(target, { scope, gate, write, machine, context: { ...context, signal } });
      succeed();
      const { scope: granted, expiresAtSeconds } = stored;
      write({
        event: 'logged_in',
        server: target.name,
        agent: machine,
        ...(granted !== undefined && { scope: granted }),
        expires_at: expiresAtSeconds,
      });
    } catch (error) {
      const { code, message, hint } = redactError(toAuthError(error), context.env);
      // A hint may name what this socket must not know.
      write({ event: 'error', code, message, hint: gate.kind === 'owner' ? (hint ?? '') : '' });
    }
    response.end();
  },
};

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/**
 * The server of a question. Nothing says whether the store has a server that may not be known at this socket, nor its name.
 *
 * @throws AuthError `agent_refused`, and as `findTarget`.
 */
async function findAllowedTarget(
  { server, name }: { server: string; name: string | undefined },
  { gate, context }: { gate: Gate; context: Context },
): Promise<LoginTarget> {
  const isUrl = server.includes('://');
  const refusal = new AuthError('agent_refused', `${gate.host} may not use ${quote(isUrl ? redactUrl(server) : server)}.`);
  if (!isUrl && !gate.mayKnow(server)) throw refusal;
  const target = await findTarget({ server, name }, context).catch((error: unknown) => {
    throw isUrl && gate.kind !== 'owner' && hasCode(error, 'not_a_login') ? refusal : error;
  });
  if (!gate.mayKnow(target.name)) throw refusal;
  return target;
}

interface LoginHere {
  readonly scope: string | undefined;
  readonly gate: Gate;
  readonly write: (line: object) => void;
  readonly machine: string;
  readonly context: Context;
}

function logIn(target: LoginTarget, { scope, gate, write, machine, context }: LoginHere) {
  const isOwner = gate.kind === 'owner';
  const tell = (event: LoginEvent) => {
    if (isOwner) write(event);
    // A user who opened the address elsewhere would log this machine in to an account of theirs.
    else if (event.event === 'authorization_url') write({ event: 'agent_approving', agent: machine, server: target.name });
  };
  const { ui } = context;
  const quiet = createCallbackUi({ onEvent: tell, onWarning: (text) => ui.warn(text) });
  // Over a restricted socket only the browser of this machine: a code could be approved by any user, for an account of theirs.
  const flow = isOwner ? undefined : 'browser';
  const request = { ...target, client: {}, credentials: {}, flow, newSettings: { scope }, browserWanted: true, verify: true };
  return login(request, { ...context, ui: { ...quiet, openBrowser: (url) => ui.openBrowser(url) } });
}
