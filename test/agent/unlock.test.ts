/** The agent holds the identity of a sealed store, as ssh-agent does: it is unlocked, locked, and forgets in time. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { send, startAgent, type AgentOptions } from '../helpers/agent.js';
import { loginAt } from '../helpers/login-at.js';
import { run, type RunOptions } from '../helpers/run.js';
import { findInFiles, sealedStore } from '../helpers/sealed-store.js';
import { fakeServer } from '../helpers/servers.js';
import { temporaryFolder } from '../helpers/folder.js';

/** A sealed store with an agent, and commands that have no identity themselves. */
async function prepare(variables: AgentOptions['variables'] = {}) {
  const server = await fakeServer();
  const sealed = await sealedStore({
    mcpServers: { fake: { type: 'http', url: server.url, auth: loginAt(server, { token: 'secret-access' }) } },
  });
  const runtime = temporaryFolder();
  mkdirSync(path.join(runtime, 'mcp-auth'), { mode: 0o700 });
  const agent = await startAgent({
    store: sealed.store,
    runtime,
    variables: { MCP_AUTH_PREFERENCES: `${sealed.store}.agent.json`, ...variables },
  });
  const identity = readFileSync(sealed.identity, 'utf8');
  const ask = (line: string, options: Partial<RunOptions> = {}) =>
    run(line, { store: sealed.store, agents: true, ...options, env: { XDG_RUNTIME_DIR: runtime, HOME: runtime, ...options.env } });
  return { ...sealed, agent, ask, identityText: identity };
}

async function expectToken(ask: Awaited<ReturnType<typeof prepare>>['ask']): Promise<void> {
  const token = ask('token fake');
  expect(await token.exit, token.stderr).toBe(0);
  expect(token.stdout).toBe('secret-access\n');
}

test('a command opens the store through the agent, once the agent is unlocked, until it is locked', async () => {
  const { ask, agent, identityText, store, identity } = await prepare();
  const before = ask('token fake');
  expect(await before.exit).toBe(1);
  expect(before.stderr).toContain('mcp-auth agent unlock');
  expect(await agent.status()).toMatchObject({ seal: { locked: false } });
  expect((await agent.status()).seal).not.toHaveProperty('identity');

  const unlock = ask('agent unlock', { stdin: { text: identityText } });
  expect(await unlock.exit, unlock.stderr).toBe(0);
  expect(unlock.stderr).toContain('The agent is unlocked.');
  await expectToken(ask);
  expect(await agent.status()).toMatchObject({ seal: { locked: false, identity: 'The identity' } });
  const status = ask('agent status');
  await status.exit;
  expect(status.stdout).toContain('The store is sealed, and the agent is unlocked.');
  // The identity of the agent is one to seal with.
  expect(await ask('seal').exit).toBe(0);

  expect(await ask('agent lock').exit).toBe(0);
  const locked = ask('token fake');
  expect(await locked.exit).toBe(1);
  expect(locked.stderr).toContain('The agent is locked.');
  // The agent itself no longer hands out what it has opened.
  expect((await send(agent.socket, '/v1/servers/fake/headers')).text).toContain('identity_needed');
  rmSync(identity);
  expect(findInFiles(store, ['AGE-SECRET-KEY', 'secret-access'])).toEqual([]);
});

test('after its life, the agent forgets the identity', async () => {
  const { ask, agent, identityText } = await prepare();
  const unlock = ask('agent unlock --life 60', { stdin: { text: identityText } });
  expect(await unlock.exit).toBe(0);
  expect(unlock.stderr).toContain('for 1 minute');
  await expectToken(ask);
  const { until = 0 } = (await agent.status()).seal ?? {};
  expect(until * 1000 - agent.clock.now()).toBeGreaterThan(50_000);
  agent.clock.advance(61_000);
  const late = ask('token fake');
  expect(await late.exit).toBe(1);
  expect(late.stderr).toContain('The agent is locked.');
});

test('an agent that is started with a source configured just works, until it is locked', async () => {
  const { identity, env, agent: other } = await prepare();
  await other.stop();
  expect(env).toEqual({ MCP_AUTH_IDENTITY_FILE: identity });
  const runtime = temporaryFolder();
  mkdirSync(path.join(runtime, 'mcp-auth'), { mode: 0o700 });
  const agent = await startAgent({ store: other.store, runtime, variables: env });
  const ask = (line: string) => run(line, { store: other.store, agents: true, env: { XDG_RUNTIME_DIR: runtime, HOME: runtime } });
  await expectToken(ask);
  expect(await agent.status()).toMatchObject({ seal: { identity: expect.stringContaining(identity) as string } });
  expect(await ask('agent lock').exit).toBe(0);
  expect(await ask('token fake').exit).toBe(1);
});

test('only the owner’s socket opens a seal, locks and unlocks, and no response contains the identity', async () => {
  const { ask, agent, identityText, store } = await prepare();
  await ask('agent unlock', { stdin: { text: identityText } }).exit;
  const restricted = await agent.share({ host: 'devbox' });
  const { seal } = JSON.parse(readFileSync(store, 'utf8')) as { seal: object };
  const asked: Record<string, object | undefined> = {
    '/v1/unseal': seal,
    '/v1/lock': {},
    '/v1/unlock': { identity: identityText },
    '/v1/identity': undefined,
  };
  for (const [target, body] of Object.entries(asked)) {
    const refused = await send(restricted, target, body && { method: 'POST', body });
    expect(refused.text, target).toContain('agent_refused');
  }
  for (const target of ['/v1/identity', '/v1/status', '/v1/servers', '/v1']) {
    expect((await send(agent.socket, target)).text, target).not.toContain('AGE-SECRET-KEY');
  }
  const opened = await send(agent.socket, '/v1/unseal', { method: 'POST', body: seal });
  expect(JSON.parse(opened.text)).toEqual({ data_key: expect.stringMatching(/^[\w-]{43}$/) as string });
});

test.each(['', 'x', 'AGE-SECRET-KEY-1'])('what is not an identity does not unlock it: %j', async (text) => {
  const { ask, agent } = await prepare();
  const unlock = ask('agent unlock', { stdin: { text } });
  expect(await unlock.exit).toBe(1);
  expect((await send(agent.socket, '/v1/unlock', { method: 'POST', body: { identity: text } })).text).toContain('identity_needed');
});

test('another identity unlocks the agent, and does not open the store', async () => {
  const { ask } = await prepare();
  const { createIdentity } = await import('../../src/store/seal/data-key.js');
  expect(await ask('agent unlock', { stdin: { text: (await createIdentity(0)).text } }).exit).toBe(0);
  const token = ask('token fake');
  expect(await token.exit).toBe(1);
  expect(token.stderr).toContain('does not open the store');
});
