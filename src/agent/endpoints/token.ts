import { AuthError } from '../../errors.js';
import { getBearerToken } from '../../session/bearer-token.js';
import { describeToken } from '../../session/described-token.js';
import { getFreshLogin } from '../../session/session.js';
import { isSameUrl } from '../../store/document.js';
import { readLogin } from '../../store/login.js';
import { readQuestion, respondJson } from '../responses.js';
import { createMovedError } from '../seen-url.js';
import type { Endpoint, Exchange } from '../service.js';

/** The headers of a request to a server, with a token that is valid now. A rejected token comes in the body: a URL is no place for one. */
export const lendToken = (method: 'GET' | 'POST'): Endpoint => ({
  route: `${method} /v1/servers/NAME/headers`,
  handle: async (exchange, { context, servers }) => {
    const { response, name, gate, signal } = exchange;
    const { minTtl, rejectedToken } = method === 'GET' ? readQuery(exchange) : await readTokenQuestion(exchange);
    const server = await servers.getFor(gate, name);
    await gate.admit(server, 'token', signal);
    if (readLogin(server.entry) === undefined && server.headers['authorization'] !== undefined) {
      respondJson(response, { url: server.url.href, headers: { Authorization: server.headers['authorization'] } });
      return;
    }
    // A renewal goes on without the request.
    const login = await getFreshLogin({ name, minTtl, rejectedToken }, context);
    // Without the key, it is of no use.
    getBearerToken(login, { name, hint: 'Use: mcp-auth bridge NAME' });
    const token = await describeToken(name, context);
    // While the user was asked and the token renewed, the name may have been given to another server.
    if (!isSameUrl(token.url, server.url.href)) throw createMovedError(name);
    respondJson(response, token);
  },
});

interface Wanted {
  readonly minTtl?: number | undefined;
  readonly rejectedToken?: string | undefined;
}

function readQuery({ query }: Exchange): Wanted {
  const text = query.get('min_ttl');
  return { minTtl: text === null ? undefined : checkSeconds(Number(text)) };
}

async function readTokenQuestion(exchange: Exchange): Promise<Wanted> {
  const { min_ttl: minTtl, rejected_token: rejectedToken } = await readQuestion(exchange);
  return {
    minTtl: minTtl === undefined ? undefined : checkSeconds(minTtl),
    rejectedToken: typeof rejectedToken === 'string' ? rejectedToken : undefined,
  };
}

/** @throws AuthError `usage` */
function checkSeconds(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new AuthError('usage', 'min_ttl is not a number of seconds.');
}
