/** `mcp-auth ssh`: a login of a laptop, used on a machine that it is connected to by a real sshd. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command } from '../../test/helpers/build.js';
import { installed } from '../../test/helpers/installed.js';
import { Person } from '../../test/helpers/person.js';
import { piped } from '../../test/helpers/piped.js';
import { makeReachable, reachableFolder, type Reachable } from '../../test/helpers/reachable.js';
import { formatMovedHome, openRemoteMachine, whyNoRemoteMachine, type RemoteMachine } from '../../test/helpers/ssh-machine.js';
import { createVariables, shell, type Recording } from './record.js';

/** The home folder of the user on both machines. */
const home = '/home/you';

/** What an app sends to use a tool: a file on the remote machine. */
const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'app', version: '1' } };
const messages = [
  { jsonrpc: '2.0', id: 1, method: 'initialize', params },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'greet' } },
];

export const ssh: Recording = {
  name: 'ssh',
  title: 'A login of a laptop, used on a machine that it is connected to by mcp-auth ssh',
  rows: 21,
  whyNot: whyNoRemoteMachine,
  prepare: async (url) => {
    const folder = mkdtempSync(path.join(reachableFolder(), 'mcp-auth-recording-'));
    const reachable = makeReachable();
    let devbox: RemoteMachine | undefined;
    const close = async () => {
      await devbox?.close();
      reachable.remove();
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      const programs = linkPrograms(folder, reachable);
      devbox = await openRemoteMachine({ name: 'devbox', homePath: home, files: createRemoteFiles(programs) });
      await logIn(url, path.join(folder, 'home'));
      return {
        words: createLaptop(folder, devbox),
        folder: '/',
        variables: createVariables({ home, programs, prompt: 'laptop$ ' }),
        play: ({ type }) =>
          type(
            'mcp-auth list',
            'mcp-auth ssh --only example devbox',
            'mcp-auth list',
            'mcp-auth connect claude-code example',
            'mcp-auth bridge example < greet.jsonl | tail -n 1',
            'ls ~/.config/mcp-auth',
            'exit',
            'mcp-auth agent status | tail -n 1',
          ),
        close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  },
};

/** A folder of programs that both users can run. */
function linkPrograms(folder: string, { node, command }: Reachable): string {
  const programs = path.join(folder, 'bin');
  chmodSync(folder, 0o755);
  mkdirSync(programs);
  symlinkSync(node, path.join(programs, 'node'));
  symlinkSync(command, path.join(programs, 'mcp-auth'));
  return programs;
}

function createRemoteFiles(programs: string): Record<string, string> {
  const variables = createVariables({ home, programs, prompt: 'devbox$ ' });
  // Without the file .hushlogin, login shells begin with the message of the day.
  return {
    'greet.jsonl': messages.map((message) => `${JSON.stringify(message)}\n`).join(''),
    '.hushlogin': '',
    '.bash_profile': Object.entries(variables)
      .map(([name, value]) => `export ${name}='${value}'\n`)
      .join(''),
  };
}

/** A shell on a machine with its own host name, home folder and processes, which all end with it. */
function createLaptop(folder: string, devbox: RemoteMachine): string[] {
  const at = (...names: string[]) => path.join(folder, ...names);
  mkdirSync(at('home/.ssh'), { recursive: true });
  copyFileSync(devbox.sshConfig, at('home/.ssh/config'));
  // ssh finds its configuration by this list, and not by $HOME.
  writeFileSync(at('passwd'), `root:x:0:0::${home}:/bin/bash\n`);
  return [
    ...[installed('bwrap') ?? 'bwrap', '--bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...['--tmpfs', '/run/user', '--perms', '0700', '--dir', '/run/user/0', '--ro-bind', at('passwd'), '/etc/passwd'],
    ...formatMovedHome(at('home'), home),
    ...['--unshare-pid', '--unshare-uts', '--hostname', 'laptop', '--die-with-parent', '--chdir', home],
    ...shell,
  ];
}

/** Logs in with the store of a home folder. */
async function logIn(url: string, homeFolder: string): Promise<void> {
  mkdirSync(homeFolder, { recursive: true });
  const words = [command, 'login', url, '--name', 'example', '--no-browser', '--flow', 'paste'];
  const env = { PATH: process.env['PATH'] ?? '', HOME: homeFolder, NO_COLOR: '1' };
  const login = piped(spawn(process.execPath, words, { env, stdio: 'pipe' }));
  const end = await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m));
  login.child.stdin.end(`${end}\n`);
  if ((await login.exit) !== 0) throw new Error(login.output.stderr);
}
