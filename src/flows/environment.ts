/** Where this program runs, as far as it decides how the person can be reached. */
import { isIP } from 'node:net';
import type { Env } from '../effects.js';

/** What tells that a browser opened here would not be seen, with the end of a sentence; the first that holds counts. */
const noBrowser: readonly { readonly reason: string; readonly holds: (env: Env) => boolean }[] = [
  { reason: '$BROWSER says that there is none', holds: ({ variables }) => isNone(variables['BROWSER']) },
  { reason: 'this is a CI job, where nobody looks', holds: ({ variables }) => isSet(variables['CI']) },
  { reason: 'this is an SSH session', holds: (env) => isSsh(env) && !isSet(env.variables['BROWSER']) },
  { reason: 'this is a container', holds: (env) => isContainer(env) && !hasDisplay(env) && !isSet(env.variables['BROWSER']) },
  {
    reason: 'this machine has no display',
    holds: (env) => env.platform === 'linux' && !hasDisplay(env) && !isWsl(env) && !isSet(env.variables['BROWSER']),
  },
];

/**
 * Why a browser that is opened here would not be seen by the person; undefined when it would. Editors that forward ports
 * set `BROWSER` to a command that opens pages on the person's own machine, and WSL has the browser of its Windows.
 */
export function explainMissingBrowser(env: Env): string | undefined {
  return noBrowser.find(({ holds }) => holds(env))?.reason;
}

/**
 * The command that lets a browser elsewhere reach `port` of this machine, typed on the machine that the SSH session comes
 * from (sshd(8) SSH_CONNECTION); undefined outside of SSH.
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

/** The marks of Docker, Podman and Kubernetes, and the variable that systemd and Podman set. */
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
