/** The commands with an agent that has the logins, and an empty store. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { serverFetch } from '../../src/index.js';
import { startAgent, connect } from '../helpers/agent.js';
import { guarded } from '../helpers/fake-mcp.js';
import { temporaryFolder } from '../helpers/folder.js';
import { run, type RunOptions } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { storedLogin } from '../helpers/stored-login.js';

async function connected(terms: { lends_tokens?: boolean } = {}) {
  const server = await fakeServer((origin) => [
    guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } }),
  ]);
  const agent = await startAgent({ store: storedLogin(server, { token: 'access-0' }) });
  const socket = await agent.share({ only: ['fake'], ...terms });
  const store = path.join(temporaryFolder(), 'mcp-servers.json');
  const ask = (line: string, options: Partial<RunOptions> = {}) =>
    run(line, { store, agents: true, ...options, env: { MCP_AUTH_SOCK: socket, HOME: path.dirname(store), ...options.env } });
  return { server, agent, socket, store, ask };
}

describe('tokens are lent', () => {
  test('token, headers and exec', async () => {
    const { ask, server, store } = await connected({ lends_tokens: true });
    const token = ask('token fake');
    expect(await token.exit, token.stderr).toBe(0);
    expect(token.stdout).toBe('access-0\n');
    const json = ask('token fake --json');
    expect(await json.exit).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({ access_token: 'access-0', token_type: 'Bearer', url: server.url });
    const byUrl = ask(`headers --url ${server.url}`);
    expect(await byUrl.exit, byUrl.stderr).toBe(0);
    expect(JSON.parse(byUrl.stdout)).toEqual({ Authorization: 'Bearer access-0' });
    const elsewhere = ask('headers fake --url https://mcp.example/mcp');
    expect(await elsewhere.exit).toBe(1);
    expect(elsewhere.stderr).toContain('is not the server at');
    let seen: string | undefined;
    const exec = ask('exec fake -- true', { runProgram: (_, environment) => ((seen = environment['MCP_AUTH_TOKEN']), 3) });
    expect(await exec.exit).toBe(3);
    expect(seen).toBe('access-0');
    expect(existsSync(store)).toBe(false);
  });

  test('connect writes the helper', async () => {
    const { ask, store } = await connected({ lends_tokens: true });
    const done = ask('connect claude-code fake');
    expect(await done.exit, done.stderr).toBe(0);
    expect(readFileSync(path.join(path.dirname(store), '.claude.json'), 'utf8')).toContain('headers fake');
    const copied = ask('connect cline fake --how copy');
    expect(await copied.exit).not.toBe(0);
  });
});

describe('requests only', () => {
  test('token, headers and exec are refused, and connect writes the bridge', async () => {
    const { ask, store } = await connected();
    for (const line of ['token fake', 'headers fake', 'exec fake -- true']) {
      const asked = ask(line);
      expect(await asked.exit, line).toBe(4);
      expect(asked.stderr).toContain('Use: mcp-auth bridge fake');
    }
    const done = ask('connect claude-code fake');
    expect(await done.exit, done.stderr).toBe(0);
    const written = readFileSync(path.join(path.dirname(store), '.claude.json'), 'utf8');
    expect(written).toContain('"bridge"');
    expect(written).not.toContain('headers fake');
    const helper = ask('connect claude-code fake --how helper');
    expect(await helper.exit).toBe(4);
  });

  test('list says where the login is, and doctor calls the server through the agent', async () => {
    const { ask, server } = await connected();
    const list = ask('list');
    expect(await list.exit).toBe(0);
    expect(list.stdout).toMatch(/^NAME .* WHERE$/m);
    expect(list.stdout).toMatch(/^fake .* agent on laptop$/m);
    const json = ask('list --json');
    expect(await json.exit).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { name: 'fake', url: server.url, agent: 'laptop', lends_tokens: false, expired: false },
    ]);
    const doctor = ask('doctor fake');
    await doctor.exit;
    expect(doctor.stdout).toContain('✓ Login: the agent on laptop has it');
    expect(doctor.stdout).toContain('✓ Call through the agent (MCP): the server answers with status 200');
  });

  test('a name of this store that has another URL is not the agent’s', async () => {
    const { ask, store } = await connected();
    writeFileSync(store, JSON.stringify({ mcpServers: { fake: { type: 'http', url: 'https://mcp.example/mcp' } } }));
    const token = ask('token fake');
    expect(await token.exit).toBe(3);
    expect(token.stderr).toContain('You are not logged in to fake');
  });

  test('an agent that is away: exit 3 at once, with its machine', async () => {
    const { ask, agent } = await connected();
    await agent.stop();
    const token = ask('token fake');
    expect(await token.exit).toBe(3);
    expect(token.stderr).toContain('is away.');
  });
});

test('the bridge: lines through the agent; a revoke ends them, and the next message is answered with an error', async () => {
  const { agent, ask, socket } = await connected();
  const bridge = ask('bridge fake', { stdin: 'open' });
  const initialize = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}\n';
  bridge.type(initialize);
  await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toContain('"result"');
  const raw = connect(socket);
  raw.write('GET /mcp/fake HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: mcp-lines\r\n\r\n');
  await raw.shown('101 Switching Protocols');
  await agent.revoke('devbox');
  await raw.closed;
  bridge.type('{"jsonrpc":"2.0","id":2,"method":"tools/list"}\n');
  await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toContain('"id":2,"error"');
  expect(bridge.stdout).toContain('agent_away');
  // What was taken back is back under the same path, as after a reconnection: the session is opened again for the app.
  expect(await agent.share({ only: ['fake'] })).toBe(socket);
  bridge.type('{"jsonrpc":"2.0","id":3,"method":"tools/list"}\n');
  await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toMatch(/"result".*"id":3|"id":3.*"result"/);
  bridge.end();
  expect(await bridge.exit).toBe(0);
  const lines = bridge.stdout.trim().split('\n');
  // The response to the repeated `initialize` is not the app's.
  expect(lines.filter((line) => line.includes('"id":1'))).toHaveLength(1);
});

test('the library sends requests through the agent', async () => {
  const { socket, store, server } = await connected();
  const before = process.env['MCP_AUTH_SOCK'];
  process.env['MCP_AUTH_SOCK'] = socket;
  try {
    const fetchAtServer = serverFetch(server.url, { store });
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const response = await fetchAtServer(server.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(response.status).toBe(200);
  } finally {
    if (before === undefined) delete process.env['MCP_AUTH_SOCK'];
    else process.env['MCP_AUTH_SOCK'] = before;
  }
});

test('a renewal is the agent’s when one runs for that store', async () => {
  const { refresher, store, agent } = await withOwnAgent();
  const renewed = run('token fake', { store, refresher, agents: true, env: { XDG_RUNTIME_DIR: agent.runtime } });
  expect(await renewed.exit, renewed.stderr).toBe(0);
  expect(renewed.stdout).toBe('new\n');
});

/** An agent of a store whose token has expired, and a refresher that asks it and starts no process. */
async function withOwnAgent() {
  const { createAgentRefresher } = await import('../../src/machine/agent-refresher.js');
  const { createAgents } = await import('../../src/machine/agents.js');
  const server = await fakeServer(() => [
    { want: 'POST /token', respond: { json: { access_token: 'new', token_type: 'Bearer', expires_in: 3600 } } },
  ]);
  const store = storedLogin(server, { expires_at: 1 });
  const runtime = temporaryFolder();
  await startAgent({ store, runtime });
  const agents = createAgents({ variables: { XDG_RUNTIME_DIR: runtime }, platform: 'linux' });
  const refresher = createAgentRefresher(agents, { start: () => Promise.reject(new Error('another process was started')) });
  return { refresher, store, agent: { runtime } };
}
