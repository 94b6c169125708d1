/**
 * python/mcp_auth_cli.py with the real command, a real store and a real token endpoint, in plain Python: httpx and anyio are
 * replaced by test/python/stand-in. `npm run test:python` has the real ones.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { command } from '../helpers/build.js';
import type { Exchange, FakeRequest } from '../helpers/fake-server.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { piped } from '../helpers/piped.js';
import { fakeServer } from '../helpers/servers.js';

const root = path.resolve(import.meta.dirname, '../..');
/** `npm run test:python` names a Python that has the real libraries, and `LIBRARY` which of them. */
const { REAL_PYTHON: realPython } = process.env;
const python = realPython ?? 'python3';
const hasPython = spawnSync(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).status === 0;
if (!hasPython) {
  if (process.env['CI']) throw new Error('CI needs python3 3.10 or newer.');
  process.stderr.write('SKIPPED: the tests of python/mcp_auth_cli.py: python3 3.10 or newer is not installed.\n');
}

const standIn = path.join(import.meta.dirname, 'stand-in');
const pythonEnv = {
  PYTHONPATH: [path.join(root, 'python'), ...(realPython === undefined ? [standIn] : [])].join(path.delimiter),
  PYTHONDONTWRITEBYTECODE: '1',
};

const now = Math.floor(Date.now() / 1000);
/** Both of what a request came with, and its body. */
const seen = ({ headers, body }: FakeRequest) => ({
  text: [headers.authorization ?? 'none', headers['x-api-key'] ?? 'none', ...Object.keys(body)].join(' '),
});
const renewed = { access_token: 'new-token', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh-2' };

interface SceneOptions {
  readonly exchanges?: (origin: string) => Exchange[];
  readonly auth?: object | undefined;
  readonly entry?: (origin: string) => object;
  /** Whether the command waits until the check opens the gate. */
  readonly gated?: boolean;
  /** Whether the command reads stdin to its end. */
  readonly reads?: boolean;
  readonly more?: object;
}

/** A server, a login to it, and a script that logs its arguments and environment and then runs the real command. */
async function scene({ exchanges = () => [], auth = {}, entry = () => ({}), gated = false, reads = false, more = {} }: SceneOptions = {}) {
  const server = await fakeServer(exchanges);
  const login = loginAt(server, {
    token: 'old-token',
    issued_at: now,
    expires_at: now + 3600,
    refresh_token: 'refresh-1',
    resource: undefined,
    ...auth,
  });
  const headers = { 'X-API-Key': 'key-1' };
  const store = temporaryStore({ mcpServers: { demo: { type: 'http', url: server.url, headers, auth: login, ...entry(server.origin) } } });
  const folder = temporaryFolder();
  const [log, environment, gate, script] = ['log', 'environment', 'gate', 'mcp-auth'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  // It gives up if the gate stays closed, so that a blocked event loop fails instead of hanging.
  const waits = `tries=0; while [ ! -e '${gate}' ]; do tries=$((tries + 1)); [ $tries -gt 300 ] && exit 9; sleep 0.1; done\n`;
  const lines = `#!/bin/sh\necho "$*" >> '${log}'\nenv >> '${environment}'\n${gated ? waits : ''}${reads ? 'cat > /dev/null\n' : ''}`;
  writeFileSync(script, `${lines}exec '${process.execPath}' '${command}' "$@"\n`);
  chmodSync(script, 0o755);
  return { server, store, environment, log, data: { url: server.url, store, log, gate, command: [script], until: now + 3540, ...more } };
}

/** Runs one check of checks.py. */
async function runCheck(name: string, data: object): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, ...pythonEnv, SCENE: JSON.stringify(data) };
  const child = spawn(python, ['-W', 'error', path.join(import.meta.dirname, 'checks.py'), name], { env, stdio: 'pipe' });
  child.stdin.end('stdin of the app');
  const { exit, output } = piped(child);
  return { code: await exit, ...output };
}
const passed = { code: 0, stderr: '' };

/** Accepts only the new token. */
const newAlone: Exchange = {
  want: 'POST /mcp',
  respond: ({ headers }) => (headers.authorization === 'Bearer new-token' ? { text: 'renewed' } : { status: 401 }),
};
const renews: Exchange = { want: 'POST /token', respond: { json: renewed } };
const wantsNew = [newAlone, renews];
const open: Exchange[] = [{ want: 'POST /mcp', respond: { text: 'fine' } }];
const expired = { issued_at: now - 3600, expires_at: now - 10 };

describe.skipIf(!hasPython)('mcp_auth_cli.py', () => {
  test('ten requests at once and a hundred more take one process, and the event loop is not held', async () => {
    const { data } = await scene({ exchanges: () => open, gated: true });
    expect(await runCheck('parallel_one_process', data)).toMatchObject(passed);
  });

  test.each(['refused_renewed_once', 'refused_renewed_once_sync'])('a token that is turned away is renewed once: %s', async (name) => {
    const { server, store, data } = await scene({ exchanges: () => wantsNew });
    expect(await runCheck(name, data)).toMatchObject(passed);
    expect(server.asked('POST /token')).toHaveLength(1);
    expect(readStore(store).mcpServers.demo.auth).toMatchObject({ token: 'new-token', refresh_token: 'refresh-2' });
  });

  test.each([
    { status: 401, challenge: undefined, processes: 2 },
    { status: 403, challenge: 'Bearer error="invalid_token"', processes: 2 },
    { status: 400, challenge: 'Bearer realm="x", error=invalid_token', processes: 2 },
    { status: 403, challenge: 'Bearer error="insufficient_scope"', processes: 1 },
    { status: 403, challenge: undefined, processes: 1 },
    { status: 500, challenge: 'Bearer error="invalid_token"', processes: 1 },
  ])('a server that answers $status $challenge always: $processes processes, and the answer', async ({ status, challenge, processes }) => {
    const headers: Record<string, string> = challenge === undefined ? {} : { 'www-authenticate': challenge };
    const respond = { status, headers };
    const exchanges = () => [{ want: 'POST /mcp', respond }, renews];
    const { server, data } = await scene({ exchanges, more: { status, processes } });
    expect(await runCheck('second_refusal', data)).toMatchObject(passed);
    expect(server.asked('POST /mcp')).toHaveLength(processes);
  });

  test('a body that is read once is not sent twice', async () => {
    const { server, data } = await scene({ exchanges: () => wantsNew });
    expect(await runCheck('stream_is_not_repeated', data)).toMatchObject(passed);
    expect(server.asked('POST /token')).toEqual([]);
  });

  test('the token and the headers go to the server’s URL and below it, and nowhere else', async () => {
    const everywhere = ['/mcp', '/mcp/', '/mcp/x', '/mcp/a.b/c', '/', '/mcp2', '/other', '/MCP', '/x', '/mcp/a%2Fb', '/mcp/%5cx'];
    const exchanges = () => [...everywhere, '/mcp//x', '/mcp/x;y'].map((place) => ({ want: `GET ${place}`, respond: seen }));
    const elsewhere = await fakeServer(() => [{ want: 'GET /mcp', respond: seen }]);
    const { data } = await scene({ exchanges, more: { elsewhere: elsewhere.origin } });
    expect(await runCheck('places', data)).toMatchObject(passed);
  });

  test('next to /sse, as that transport requires', async () => {
    const exchanges = () => ['/a/sse', '/a/messages/1', '/b/messages'].map((place) => ({ want: `GET ${place}`, respond: seen }));
    const { data } = await scene({ exchanges, entry: (origin) => ({ url: `${origin}/a/sse` }) });
    expect(await runCheck('sse_siblings', data)).toMatchObject(passed);
  });

  test('ports and hosts as URLs mean them', async () => {
    const { data } = await scene();
    expect(await runCheck('default_ports', data)).toMatchObject(passed);
  });

  test('a redirect takes neither the token nor the headers along, to where they may be neither', async () => {
    // Both ask for a token, which they do not get.
    const refusing = (request: FakeRequest) => ({ status: 401, ...seen(request) });
    const elsewhere = await fakeServer(() => [{ want: 'GET /mcp', respond: refusing }]);
    const to = (location: string, status = 307) => ({ status, headers: { location } });
    const exchanges = (origin: string): Exchange[] => [
      { want: 'GET /mcp/away', respond: to(`${elsewhere.origin}/mcp`) },
      { want: 'GET /mcp/other', respond: to(`${origin}/other`, 302) },
      { want: 'GET /other', respond: refusing },
      { want: 'POST /mcp/slash', respond: to(`${origin}/mcp/slash/`) },
      { want: 'POST /mcp/slash/', respond: (request) => (request.headers.authorization ? seen(request) : { status: 401 }) },
    ];
    const { server, data } = await scene({ exchanges });
    const { stdout: text, ...ended } = await runCheck('redirects', data);
    expect(ended).toEqual(passed);
    expect(text).toBe('');
    expect(server.asked('POST /token')).toEqual([]);
    for (const { headers } of elsewhere.requests) expect(headers).not.toHaveProperty('x-api-key');
  });

  test('a cancelled request leaves the renewal to end', async () => {
    let answer: () => void = () => undefined;
    let arrived: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (arrived = resolve));
    const exchanges = (): Exchange[] => [
      newAlone,
      {
        want: 'POST /token',
        respond: {
          writes: (response) => {
            answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(renewed));
            arrived();
          },
        },
      },
      { want: 'GET /held', respond: { writes: (response) => void held.then(() => response.end()) } },
      {
        want: 'GET /release',
        respond: {
          writes: (response) => {
            answer();
            response.end();
          },
        },
      },
    ];
    const { server, store, data } = await scene({ exchanges, auth: expired });
    expect(await runCheck('cancel_leaves_the_renewal', data)).toMatchObject(passed);
    expect(server.asked('POST /token')).toHaveLength(1);
    expect(readStore(store).mcpServers.demo.auth.refresh_token).toBe('refresh-2');
  });

  test('it asks again when the token is about to expire', async () => {
    const { data } = await scene({ exchanges: () => open });
    expect(await runCheck('expiry_asks_again', data)).toMatchObject(passed);
  });

  test('where the server does not say when, after 300 seconds', async () => {
    const { data } = await scene({ exchanges: () => open, auth: { expires_at: undefined } });
    const { stdout: text, ...ended } = await runCheck('unknown_expiry', data);
    expect(ended).toEqual(passed);
    expect(text).toBe('');
  });

  test('threads and event loops, at once and in turn, share one process', async () => {
    const { data } = await scene({ exchanges: () => open, gated: true });
    expect(await runCheck('threads_and_loops', data)).toMatchObject(passed);
  });

  test('a login that is needed: the sentence and the command, once for all who ask', async () => {
    const { data } = await scene({ auth: { ...expired, refresh_token: undefined } });
    expect(await runCheck('login_needed', data)).toMatchObject(passed);
  });

  test('no command, and names that are none', async () => {
    expect(await runCheck('no_command', (await scene()).data)).toMatchObject(passed);
  });

  test('a token that is bound to a key', async () => {
    const dpop_key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' };
    const { data } = await scene({ auth: { type: 'dpop', dpop_key } });
    expect(await runCheck('bound_to_a_key', data)).toMatchObject(passed);
  });

  test('token() and headers(), and the app’s stdin is left alone', async () => {
    expect(await runCheck('plain', (await scene({ reads: true })).data)).toMatchObject(passed);
  });

  test('no secret in argv, environment, repr, logs or a traceback', async () => {
    const { environment, log, data } = await scene({ exchanges: () => wantsNew });
    const { stdout: printed, ...ended } = await runCheck('no_secrets', data);
    expect(ended).toEqual(passed);
    for (const text of [printed, readFileSync(log, 'utf8'), readFileSync(environment, 'utf8')]) {
      expect(text).not.toBe('');
      expect(text).not.toMatch(/old-token|new-token|refresh-\d|key-1/);
    }
  });

  test.skipIf(realPython !== undefined)('the Python of the pages, unchanged except for the server URL, with httpx2 alone', async () => {
    const pages = ['docs/in-code.md', 'python/README.md'].map((page) => readFileSync(path.join(root, page), 'utf8'));
    const blocks = pages.flatMap((page) => [...page.matchAll(/```python\n([^]*?)```/g)].map(([, code = '']) => code));
    // What imports the MCP SDK or FastMCP is run by `npm run test:python`, and only compiled here.
    const alone = blocks.filter((code) => !/^(import|from) (mcp|fastmcp)\b/m.test(code));
    expect(alone).toHaveLength(2);
    expect(blocks).toHaveLength(4);
    const folder = temporaryFolder();
    const { server, data } = await scene({ exchanges: () => [{ want: 'GET /mcp', respond: { status: 202 } }] });
    const document = readStore(data.store);
    writeFileSync(data.store, JSON.stringify({ mcpServers: { example: document.mcpServers.demo } }));
    // httpx2 and no httpx.
    cpSync(path.join(standIn, 'anyio'), path.join(folder, 'anyio'), { recursive: true });
    cpSync(path.join(standIn, 'httpx.py'), path.join(folder, 'httpx2.py'));
    const [script = ''] = data.command;
    const env = {
      ...{ PATH: `${path.dirname(script)}:${process.env['PATH'] ?? ''}`, MCP_AUTH_STORE: data.store, PYTHONDONTWRITEBYTECODE: '1' },
      PYTHONPATH: [path.join(root, 'python'), folder].join(path.delimiter),
    };
    const { url } = server;
    for (const code of blocks) {
      const { exit, output } = alone.includes(code)
        ? piped(spawn(python, ['-c', code.replaceAll('https://mcp.example.com/mcp', url)], { env }))
        : piped(spawn(python, ['-c', `compile(${JSON.stringify(code)}, 'page', 'exec')`], { env }));
      expect({ code: await exit, ...output }).toEqual({ code: 0, stdout: alone.includes(code) ? '202\n' : '', stderr: '' });
    }
    expect(server.asked('GET /mcp').map(({ headers }) => headers.authorization)).toEqual(['Bearer old-token', 'Bearer old-token']);
  });
});
