/** What kind of machine this program runs on: whether a user can see a browser here, and how to reach its ports. */
import { isIP } from 'node:net';
import type { Env } from '../effects.js';

/** Reasons why a user would not see a browser here, each as the end of a sentence. The first that applies is given. */
const reasonsAgainstBrowser: readonly { readonly reason: string; readonly applies: (env: Env) => boolean }[] = [
  { reason: '$BROWSER says that this machine has none', applies: ({ variables }) => isNone(variables['BROWSER']) },
  { reason: 'this is a CI job, which no user watches', applies: ({ variables }) => isSet(variables['CI']) },
  { reason: 'this is an SSH session', applies: (env) => isSsh(env) && !isSet(env.variables['BROWSER']) },
  { reason: 'this is a container', applies: (env) => isContainer(env) && !hasDisplay(env) && !isSet(env.variables['BROWSER']) },
  {
    reason: 'this machine has no display',
    applies: (env) => env.platform === 'linux' && !hasDisplay(env) && !isWsl(env) && !isSet(env.variables['BROWSER']),
  },
];

/**
 * The reason why the user would not see a browser that is opened here; undefined if the user would. Editors that forward ports
 * set `BROWSER` to a command that opens pages on the user's own machine, and WSL uses the browser of Windows.
 */
export function explainMissingBrowser(env: Env): string | undefined {
  return reasonsAgainstBrowser.find(({ applies }) => applies(env))?.reason;
}

/**
 * The command that forwards `port` to this machine, to be run on the machine that the SSH session comes from (sshd(8)
 * SSH_CONNECTION); undefined outside of SSH.
 */
export function formatPortForwarding(port: string, { variables }: Env): string | undefined {
  const [, , host, sshPort] = variables['SSH_CONNECTION']?.split(' ') ?? [];
  if (host === undefined || isIP(host) === 0) return undefined;
  const user = /^[\w.-]+$/.exec(variables['USER'] ?? variables['LOGNAME'] ?? '')?.[0];
  const at = sshPort === undefined || sshPort === '22' ? '' : `-p ${Number(sshPort)} `;
  return `ssh -L ${port}:127.0.0.1:${port} ${at}${user === undefined ? '' : `${user}@`}${host}`;
}

function isSsh({ variables }: Env): boolean {
  return isSet(variables['SSH_CONNECTION']) || isSet(variables['SSH_TTY']);
}

/** By the files and variables of Docker, Podman and Kubernetes, and the variable that systemd and Podman set. */
function isContainer({ variables, exists }: Env): boolean {
  if (isSet(variables['container']) || isSet(variables['KUBERNETES_SERVICE_HOST'])) return true;
  return exists('/.dockerenv') || exists('/run/.containerenv');
}

function isWsl({ variables }: Env): boolean {
  return isSet(variables['WSL_DISTRO_NAME']);
}

function hasDisplay({ variables }: Env): boolean {
  return isSet(variables['DISPLAY']) || isSet(variables['WAYLAND_DISPLAY']);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false';
}

function isNone(value: string | undefined): boolean {
  return value !== undefined && /^(none|false|true|:|\/bin\/(true|false))$/.test(value);
}
