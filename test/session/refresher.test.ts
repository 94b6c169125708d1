/** The process that renews tokens: its messages, and what happens without it. test/e2e and `npm run stress` have a real one. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Refresher } from '../../src/effects.js';
import { createRefresher } from '../../src/machine/program.js';
import { handleRenewalRequest, createMessageSender } from '../../src/session/handle-renewal-request.js';
import type { RefresherMessage, RenewalRequest } from '../../src/session/refresher-messages.js';
import { createCallbackUi } from '../../src/callback-ui.js';
import { createUnattendedContext } from '../../src/library/without-terminal.js';
import type { Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryFolder } from '../helpers/folder.js';
import { piped } from '../helpers/piped.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { storedLogin } from '../helpers/stored-login.js';

async function expired(change: (origin: string) => Exchange[] = () => []) {
  const server = await fakeServer(change);
  return { server, store: storedLogin(server, { expires_at: 1 }) };
}

/** The code of the refresher in this process, with its messages serialised as between two processes. */
function refresher(): Refresher & { readonly requests: object[]; readonly heard: RefresherMessage[] } {
  const requests: object[] = [];
  const heard: RefresherMessage[] = [];
  return {
    ...{ requests, heard },
    start: async (request, { take }) => {
      requests.push(request);
      const copy = JSON.parse(JSON.stringify(request)) as RenewalRequest;
      const send = (answer: RefresherMessage) => {
        const sent = JSON.parse(JSON.stringify(answer)) as RefresherMessage;
        heard.push(sent);
        take(sent);
      };
      const { warn, fail, remark } = createMessageSender(send);
      const context = createUnattendedContext({
        store: copy.store,
        ui: createCallbackUi({ onWarning: warn, onFailure: fail, onRemark: remark }),
      });
      await handleRenewalRequest(copy, { context, send });
      context.http.close();
    },
  };
}

test.each(['token fake', 'headers fake', 'refresh fake', 'refresh --all', 'exec fake -- true'])(
  '%s lets it renew, and sends it no secret',
  async (line) => {
    const { server, store } = await expired();
    const other = refresher();
    const command = run(line, { store, refresher: other });
    expect(await command.exit, command.stderr).toBe(0);
    expect(server.asked('POST /token')).toHaveLength(1);
    expect(readStore(store).mcpServers.fake.auth.token).toBe('access-1');
    expect(other.requests).toHaveLength(1);
    expect(JSON.stringify([other.requests, other.heard])).not.toMatch(/"old"|refresh-\d|access-\d/);
  },
);

test.each([
  { what: 'a busy server', respond: { status: 429, headers: { 'retry-after': '7' } }, code: 6, said: 'Try again in 7 s' },
  { what: 'the end of a login', respond: { status: 400, json: { error: 'invalid_grant' } }, code: 3, said: 'mcp-auth login fake' },
  { what: 'a refusal', respond: { status: 400, json: { error: 'invalid_scope' } }, code: 1, said: '--scope' },
])('what it says of $what is told as if it had been this one', async ({ respond, code, said }) => {
  const told = [];
  for (const how of [refresher(), undefined]) {
    const { store } = await expired(() => [{ want: 'POST /token', respond }]);
    const token = run('token fake', { store, ...(how && { refresher: how }) });
    expect(await token.exit).toBe(code);
    told.push(token.stderr.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST'));
  }
  expect(told[0]).toBe(told[1]);
  expect(told[0]).toContain(said);
});

test('its warnings are printed', async () => {
  const json = { access_token: 'a', token_type: 'Bearer', expires_in: 3600, scope: 'read admin' };
  const { store } = await expired(() => [{ want: 'POST /token', respond: { json } }]);
  const token = run('token fake', { store, refresher: refresher() });
  expect(await token.exit).toBe(0);
  expect(token.stderr).toContain('may do more than was approved');
});

test('if no process can be started, this one renews, and doctor reports that', async () => {
  const { server, store } = await expired();
  const none: Refresher = { start: () => Promise.resolve() };
  for (const line of ['token fake', 'refresh fake', 'refresh --all']) {
    expect(await run(line, { store, refresher: none }).exit).toBe(0);
  }
  expect(server.asked('POST /token').length).toBeGreaterThan(1);
  const doctor = run('doctor fake', { store, refresher: none });
  await doctor.exit;
  expect(doctor.stdout + doctor.stderr).toContain('no other process can be started here');
});

test('a silent one is not waited for', async () => {
  const { server, store } = await expired();
  const silent = createRefresher([process.execPath, '-e', "process.on('disconnect', () => process.exit())"], 200);
  expect(await run('token fake', { store, refresher: silent }).exit).toBe(0);
  expect(server.asked('POST /token')).toHaveLength(1);
});

test('it gets the certificate options of Node, and no others', async () => {
  const before = process.execArgv;
  onTestFinished(() => void (process.execArgv = before));
  process.execArgv = ['--use-openssl-ca', '--inspect-port=0', '--title=x'];
  const script = path.join(temporaryFolder(), 'says.cjs');
  writeFileSync(script, "process.send(process.execArgv); process.on('disconnect', () => process.exit());");
  const heard: unknown[] = [];
  const take = (message: unknown) => heard.push(message) > 0;
  await createRefresher([process.execPath, script]).start({}, { signal: new AbortController().signal, take });
  expect(heard).toEqual([['--use-openssl-ca']]);
});

test('of many logins, one that is logged out of meanwhile does not hide the results of the others', async () => {
  const { server, store } = await expired();
  const { fake } = readStore(store).mcpServers;
  writeFileSync(store, JSON.stringify({ mcpServers: { fake, gone: { ...fake, auth: { ...fake.auth, token: 'other' } } } }), {
    mode: 0o600,
  });
  const all: Refresher = {
    start: (_, { take }) => {
      writeFileSync(store, JSON.stringify({ mcpServers: { gone: { type: 'http', url: server.url }, fake } }), { mode: 0o600 });
      for (const one of [{ is: 'started' }, { is: 'ended', name: 'gone' }, { is: 'ended', name: 'fake' }]) take(one);
      return Promise.resolve();
    },
  };
  const refresh = run('refresh --all', { store, refresher: all });
  expect(await refresh.exit).toBe(3);
  expect(refresh.stderr).toContain('gone: You are not logged in');
  expect(refresh.stderr).toContain('Renewed the token of fake');
});

test('if no more files can be opened, there is none, and no error', async () => {
  const script = `
    import { openSync, closeSync } from 'node:fs';
    import 'node:child_process';
    import { createRefresher as refresherOf } from ${JSON.stringify(new URL('../../src/machine/program.ts', import.meta.url).href)};
    const open = [];
    try { for (;;) open.push(openSync('/dev/null')); } catch {}
    closeSync(open.pop());
    await refresherOf([process.execPath]).start({}, { signal: new AbortController().signal, take: () => true });
    console.log('done');`;
  const words = ['--import', 'tsx', '--input-type=module', '-e', script];
  const app = piped(spawn('/bin/sh', ['-c', 'ulimit -n 200; exec "$0" "$@"', process.execPath, ...words]));
  expect(await app.exit, app.output.stderr).toBe(0);
  expect(app.output.stdout).toBe('done\n');
});

test('one that is killed is reported, and no request is repeated', async () => {
  const { server, store } = await expired();
  const killed: Refresher = {
    start: (_, { take }) => {
      take({ is: 'started' });
      return Promise.resolve();
    },
  };
  const token = run('token fake', { store, refresher: killed });
  expect(await token.exit).toBe(1);
  expect(token.stderr).toContain('was killed before it was done');
  expect(server.asked('POST /token')).toHaveLength(0);
});

test('Ctrl-C ends the wait for it at once', async () => {
  const { store } = await expired();
  const waiting: { token?: ReturnType<typeof run> } = {};
  const endless: Refresher = {
    start: (_, { signal }) =>
      new Promise((__, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        waiting.token?.interrupt();
      }),
  };
  waiting.token = run('token fake', { store, refresher: endless });
  expect(await waiting.token.exit).toBe(130);
});
