/** Whether a token does what it is for: one MCP session with the server, opened and closed. */
import type { Context } from './context.js';
import { AuthError, hasCode } from './errors.js';
import { requestWithProof, type Dpop } from './oauth/dpop.js';
import type { TokenResponse } from './oauth/token.js';
import { version } from './version.js';

/** Milliseconds that the whole visit may take. */
const timeLimit = 20_000;

/** Who answered. */
export interface Verification {
  readonly serverName: string;
  readonly serverVersion: string;
  readonly tools: number;
}

/**
 * Opens the MCP server with a new token and asks for its tools.
 *
 * @param dpop the key that a token of type `dpop` is bound to.
 *
 * @throws AuthError `token_refused` when the server does not take the token, `server_failed` or a network error when it
 * could not be asked, which says nothing about the token.
 */
export async function verifyToken(
  {
    url,
    tokens: { accessToken: token, tokenType },
    dpop,
  }: { url: URL; tokens: Pick<TokenResponse, 'accessToken' | 'tokenType'>; dpop?: Dpop },
  { http, signal }: Pick<Context, 'http' | 'signal'>,
): Promise<Verification> {
  // The SDK is most of what there is to load, and only this needs it.
  const [{ Client }, { StreamableHTTPClientTransport }] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
  ]);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeLimit)]);
  let refused: number | undefined;
  const transport = new StreamableHTTPClientTransport(url, {
    fetch: async (target, { method, headers, body, signal: own } = {}) => {
      const signals = [limit, own].filter((one) => one != null);
      const request = {
        method,
        headers: Object.fromEntries(new Headers(headers)),
        body: body as string,
        stream: true,
        signal: AbortSignal.any(signals),
      };
      const response =
        dpop && tokenType === 'dpop'
          ? await requestWithProof({ url: new URL(target), token, dpop, request }, { http })
          : await http.fetch(target, { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
      if (response.status === 401 || response.status === 403) refused = response.status;
      return response;
    },
  });
  const client = new Client({ name: 'mcp-auth', version });
  try {
    await client.connect(transport, { signal: limit });
    const { name = '', version: serverVersion = '' } = client.getServerVersion() ?? {};
    const tools = client.getServerCapabilities()?.tools ? await countTools(client, limit) : 0;
    await transport.terminateSession().catch(() => undefined);
    return { serverName: name, serverVersion, tools };
  } catch (error) {
    throw verificationError(error, { url, refused, signal });
  } finally {
    await client.close().catch(() => undefined);
  }
}

/** A server may hand its tools out in pages. */
async function countTools(client: import('@modelcontextprotocol/sdk/client/index.js').Client, signal: AbortSignal): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await client.listTools({ cursor }, { signal });
    count += page.tools.length;
    cursor = page.nextCursor;
  } while (cursor !== undefined && count < 10_000);
  return count;
}

function verificationError(
  error: unknown,
  { url, refused, signal }: { url: URL; refused: number | undefined; signal: AbortSignal },
): unknown {
  if (signal.aborted) return signal.reason;
  if (refused !== undefined) {
    return new AuthError('token_refused', `${url.host} does not take the token that its authorization server gave (status ${refused}).`, {
      hint: 'Perhaps other scopes are needed (--scope). With --no-verify the login is stored all the same.',
      cause: error,
    });
  }
  if (error instanceof AuthError) return error;
  for (let one = error; one instanceof Error; one = one.cause) {
    if (hasCode(one, 'network_error', 'request_timed_out', 'url_refused')) return one;
  }
  return new AuthError('server_failed', `${url.host} did not answer as an MCP server does.`, { cause: error });
}
