/** One login, from the URL of a server to tokens in the store. Read this file first. */
import type { Context } from '../context.js';
import { createAgreement } from './agreement.js';
import { concludeLogin, type LoginResult } from './conclusion.js';
import { obtainConsent } from './consent.js';
import { prepareLogin, type LoginRequest } from './preparation.js';

export type { LoginRequest, LoginResult };

/**
 * Logs in. If it fails, or is interrupted before there are tokens, the store stays as it was, with the previous login.
 *
 * @throws AuthError; errors.ts lists the codes.
 */
export async function login(request: LoginRequest, context: Context): Promise<LoginResult> {
  const prepared = await prepareLogin(request, context);
  // From here on, requests go to URLs that the MCP server has named.
  const limited = prepared.context;
  const { name, timeout } = request;
  const consent = await obtainConsent({ ...prepared, name, timeout, runFlow: (flow, asked) => flow.run(asked, limited) }, limited);
  return concludeLogin({ agreement: createAgreement({ request, prepared, consent }), grant: consent.result }, context);
}
