/**
 * The client that the conformance suite runs: the built `mcp-auth`, and a user who approves at once.
 * It logs in, then calls the server with the token from `mcp-auth token`. It passes each challenge to `mcp-auth login`.
 *
 * The suite passes the server's URL as the last argument, and sets MCP_CONFORMANCE_SCENARIO, _CONTEXT and _PROTOCOL_VERSION.
 * Nothing here may block, because scenarios run concurrently and their sockets time out after 5 s.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { command } from '../../test/helpers/build.js';

/** Ends the step-ups at a server that never accepts a token. mcp-auth has a limit of its own. */
const maxLogins = 6;

const url = process.argv.at(-1) ?? '';
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const protocolVersion = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] ?? '2025-11-25';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Record<string, string | undefined>;

const folder = await mkdtemp(path.join(tmpdir(), 'mcp-auth-conformance-'));

/** The options and the stdin of a user who knows the scenario's context. */
interface LoginInput {
  readonly options: readonly string[];
  /** Lines of stdin. */
  readonly stdin?: string;
}

/** The scenarios that need other options than `paste`, by name without `auth/`. */
const special: Record<string, () => Promise<LoginInput>> = {
  'basic-cimd': () =>
    Promise.resolve({ options: [...paste, '--client-metadata-url', 'https://conformance-test.local/client-metadata.json'] }),
  'client-credentials-basic': () => Promise.resolve({ options: ['--flow', 'client-credentials'] }),
  'client-credentials-jwt': async () => ({
    options: ['--flow', 'client-credentials', '--private-key', await writeSecret(context['private_key_pem'])],
  }),
  'wif-jwt-bearer': async () => ({ options: ['--flow', 'workload', '--workload-token-file', await writeSecret(context['valid_jwt'])] }),
  'enterprise-managed-authorization': enterprise,
  'cross-app-access-complete-flow': enterprise,
  // Without --no-verify: only `login` has the key of a DPoP-bound token, so its verification is what calls the server.
  dpop: () => Promise.resolve({ options: ['--flow', 'paste'] }),
  'dpop-nonce': () => Promise.resolve({ options: ['--flow', 'paste'] }),
};
const paste = ['--flow', 'paste', '--no-verify'];

function enterprise(): Promise<LoginInput> {
  const provider = ['--identity-provider', context['idp_issuer'] ?? '', '--identity-provider-client-id', context['idp_client_id'] ?? ''];
  return Promise.resolve({ options: ['--flow', 'enterprise', '--id-token-stdin', ...provider], stdin: `${context['idp_id_token']}\n` });
}

/** Writes a secret of the context into a file. Returns its path. */
async function writeSecret(content: string | undefined): Promise<string> {
  const name = path.join(folder, 'secret');
  await writeFile(name, content ?? '', { mode: 0o600 });
  return name;
}

/** The server responded with 401 or 403. */
class ChallengeError extends Error {
  readonly challenge: string;

  constructor(challenge: string) {
    super('The server sent a challenge.');
    this.challenge = challenge;
  }
}

try {
  await runLogin([]);
  // A DPoP-bound token from `mcp-auth token` does not work without its key. `login` has used it already.
  if (!scenario.includes('dpop')) await useAndStepUp();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Calls the server, and passes each challenge to `mcp-auth login`. */
async function useAndStepUp(): Promise<void> {
  for (let logins = 1; ; logins += 1) {
    try {
      await useServer(await getToken());
      break;
    } catch (error) {
      if (!(error instanceof ChallengeError) || logins >= maxLogins) throw error;
      await runLogin(['--challenge', error.challenge]);
    }
  }
}

/** Runs `mcp-auth login`. If it prints an address, opens the address and pastes the redirect URL. */
async function runLogin(more: string[]): Promise<void> {
  const input: LoginInput = await (special[scenario.replace(/^auth\//, '')]?.() ?? { options: paste });
  const known = context['client_id'] === undefined ? [] : ['--client-id', context['client_id']];
  const issuer = ['client_secret', 'private_key_pem', 'idp_id_token'].some((key) => context[key] !== undefined)
    ? await issuerOptions()
    : [];
  const words = ['login', url, '--no-browser', '--json', '--name', 'server', ...known, ...issuer, ...input.options, ...more];
  const child = run(words, context['client_secret'] === undefined ? {} : { MCP_AUTH_CLIENT_SECRET: context['client_secret'] });
  if (input.stdin !== undefined) child.stdin.write(input.stdin);
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event: string; url?: string };
    if (event.event !== 'authorization_url' || event.url === undefined) continue;
    const response = await fetch(event.url, { redirect: 'manual' });
    // Close stdin, so that the login fails if it rejects this URL, and does not wait for another one.
    child.stdin.end(`${response.headers.get('location') ?? ''}\n`);
  }
  await waitForExit(child, 'login');
}

/**
 * Finds the authorization server that the secrets of the context belong to. A user who has registered a client knows it; the
 * suite says it only in the metadata of the server.
 */
async function issuerOptions(): Promise<string[]> {
  const { origin, pathname } = new URL(url);
  for (const place of [`/.well-known/oauth-protected-resource${pathname}`, '/.well-known/oauth-protected-resource']) {
    const response = await fetch(new URL(place, origin));
    if (!response.ok) continue;
    const { authorization_servers: [issuer] = [] } = (await response.json()) as { authorization_servers?: string[] };
    if (issuer !== undefined) return ['--issuer', issuer];
  }
  return ['--issuer', origin];
}

async function getToken(): Promise<string> {
  const child = run(['token', 'server'], {});
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await waitForExit(child, 'token');
  return text.trim();
}

function run(words: string[], env: Record<string, string>) {
  const store = path.join(folder, 'mcp-servers.json');
  return spawn(process.execPath, [command, ...words, '--store', store], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
}

async function waitForExit(child: ReturnType<typeof run>, what: string): Promise<void> {
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.on('close', resolve)));
  if (code !== 0) throw new Error(`mcp-auth ${what} exited with ${code}`);
}

/**
 * Lists the tools and calls each.
 *
 * @throws ChallengeError with the first challenge, if a request fails after a 401 or 403.
 */
async function useServer(accessToken: string): Promise<void> {
  let challenge: string | undefined;
  const authorized: typeof fetch = async (target, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${accessToken}`);
    const response = await fetch(target, { ...init, headers });
    if (response.status === 401 || response.status === 403) challenge ??= response.headers.get('www-authenticate') ?? 'Bearer';
    return response;
  };
  try {
    await (protocolVersion >= '2026-07-28' ? useStatelessly(authorized) : useInSession(authorized));
  } catch (error) {
    throw challenge === undefined ? error : new ChallengeError(challenge);
  }
}

/** MCP up to 2025-11-25: `initialize` and a session, with the client of the MCP SDK. */
async function useInSession(authorized: typeof fetch): Promise<void> {
  const client = new Client({ name: 'mcp-auth-conformance', version: '1.0.0' });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: authorized }));
    const { tools } = await client.listTools();
    for (const { name } of tools) await client.callTool({ name, arguments: {} });
  } finally {
    await client.close();
  }
}

/** MCP 2026-07-28: no `initialize`; the headers and the `_meta` of each request describe it. */
async function useStatelessly(authorized: typeof fetch): Promise<void> {
  const { tools = [] } = await request(authorized, 'tools/list', {});
  for (const { name } of tools) await request(authorized, 'tools/call', { name, arguments: {} });
}

async function request(authorized: typeof fetch, method: string, params: Record<string, unknown>): Promise<{ tools?: { name: string }[] }> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': protocolVersion,
    'io.modelcontextprotocol/clientInfo': { name: 'mcp-auth-conformance', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': protocolVersion,
    'mcp-method': method,
  };
  if (typeof params['name'] === 'string') headers['mcp-name'] = params['name'];
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } });
  const response = await authorized(url, { method: 'POST', headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} failed with status ${response.status}: ${text.slice(0, 200)}`);
  const json = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  return (JSON.parse(json) as { result: { tools?: { name: string }[] } }).result;
}
