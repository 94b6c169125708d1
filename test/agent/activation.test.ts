/** How a service manager starts the agent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { send } from '../helpers/agent.js';
import { command } from '../helpers/build.js';
import { temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

const isLinux = process.platform === 'linux';

/** Node does not tell the descriptor of a server. */
const descriptorOf = (server: Server) => (server as unknown as { _handle: { fd: number } })._handle.fd;

test.skipIf(!isLinux)(
  `systemd opens the socket, and the agent answers at it (sd_listen_fds(3))${isLinux ? '' : ' (skipped: not Linux)'}`,
  async () => {
    const runtime = temporaryFolder();
    const socket = path.join(runtime, 'agent.sock');
    const server = createServer();
    await once(server.listen(socket), 'listening');
    const env = { PATH: process.env['PATH'] ?? '', HOME: runtime, XDG_RUNTIME_DIR: runtime, MCP_AUTH_STORE: temporaryStore({}) };
    const start = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"';
    const agent = spawn('sh', ['-c', start, process.execPath, command, 'agent'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe', descriptorOf(server)],
    });
    onTestFinished(() => void agent.kill('SIGKILL'));
    let said = '';
    await new Promise<void>((resolve, reject) => {
      agent.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('listens at the socket of the service manager')) resolve();
      });
      agent.once('close', () => reject(new Error(said)));
    });
    // Two processes listen at the socket. This one stops, and must not remove the path: it has another name meanwhile.
    renameSync(socket, `${socket}.kept`);
    server.close();
    await once(server, 'close');
    renameSync(`${socket}.kept`, socket);
    expect(JSON.parse((await send(socket, '/v1')).text)).toMatchObject({ agent: 'mcp-auth', socket: 'owner' });
    await send(socket, '/v1/stop', { method: 'POST' });
    expect(await once(agent, 'close')).toEqual([0, null]);
  },
);

test('units for systemd, with the socket where commands look for it; and for launchd', async () => {
  const folder = temporaryFolder();
  const env = { HOME: folder, XDG_RUNTIME_DIR: '/run/user/1000', MCP_AUTH_STORE: '' };
  const linux = run('agent --install-service', { store: '', env, agents: true });
  expect(await linux.exit, linux.stderr).toBe(0);
  expect(linux.stdout).toContain('ListenStream=%t/mcp-auth/agent.sock\n');
  expect(linux.stdout).toContain('Requires=mcp-auth-agent.socket\n');
  expect(linux.stdout).toContain('ExecStart="/usr/bin/node" "/opt/mcp-auth/bin.js" "agent"\n');
  const mac = run('agent --install-service', { store: '', env, agents: true, platform: 'darwin' });
  expect(await mac.exit, mac.stderr).toBe(0);
  expect(mac.stdout).toContain('<string>agent</string>');
  const windows = run('agent', { store: '', env, agents: true, platform: 'win32' });
  expect(await windows.exit).toBe(2);
  expect(windows.stderr).toContain('unsupported');
});
