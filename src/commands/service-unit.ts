/** Units that start a command of mcp-auth when the user logs in: for systemd and launchd. */
import path from 'node:path';
import { hasPassword } from '../store/open.js';
import { isStoreUrl } from '../store/path.js';
import { getOwnerSocketName } from '../agent-protocol/sockets.js';
import type { Context } from '../context.js';
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { findHomeFolder } from '../folders.js';
import { getDefaultStorePath } from '../store/path.js';
import { formatCommand } from '../text/command-line.js';
import { hasUnprintable, quote } from '../text/server-text.js';

/** A command that a service manager runs. */
interface Service {
  readonly name: string;
  readonly description: string;
  readonly words: readonly string[];
  /** Whether systemd opens the socket of the agent for it, and starts it at the first connection. */
  readonly hasSocket: boolean;
}

const services = {
  refresh: { name: 'mcp-auth-refresh', description: 'Keep the logins of mcp-auth fresh', words: ['refresh', '--watch'], hasSocket: false },
  agent: { name: 'mcp-auth-agent', description: 'Agent of mcp-auth', words: ['agent'], hasSocket: true },
} as const satisfies Record<string, Service>;

interface Unit {
  readonly file: string;
  readonly text: string;
}

interface ServiceManager {
  readonly platform: NodeJS.Platform;
  createUnits(service: Service, command: ServiceCommand, env: Env): Unit[];
  /** What to type once the units are written. */
  listCommands(service: Service, units: readonly Unit[]): string[];
}

interface ServiceCommand {
  /** The whole command line. */
  readonly words: readonly string[];
  /** The absolute path of the store; undefined for the default. */
  readonly store: string | undefined;
}

/** systemd.service(5), systemd.socket(5). */
const systemd: ServiceManager = {
  platform: 'linux',
  createUnits: (service, { words, store }, env) => {
    const { name, description, hasSocket } = service;
    const file = (end: string) => path.join(getSystemdFolder(env), `${name}.${end}`);
    const text = `[Unit]
Description=${description}
${hasSocket ? `Requires=${name}.socket\n` : ''}After=network-online.target

[Service]
ExecStart=${words.map(quotedWord).join(' ')}
Restart=on-failure
RestartSec=30
NoNewPrivileges=yes
UMask=0077

[Install]
${hasSocket ? `Also=${name}.socket\n` : ''}WantedBy=default.target
`;
    return [{ file: file('service'), text }, ...(hasSocket ? [{ file: file('socket'), text: formatSocketUnit(service, store, env) }] : [])];
  },
  listCommands: ({ name, hasSocket }) => [
    `systemctl --user daemon-reload && systemctl --user enable --now ${hasSocket ? `${name}.socket ${name}.service` : name}`,
    'loginctl enable-linger',
  ],
};

/** `%t` is the folder of the session, $XDG_RUNTIME_DIR. */
function formatSocketUnit({ description }: Service, store: string | undefined, env: Env): string {
  const usual = getDefaultStorePath(env);
  return `[Unit]
Description=${description} (socket)

[Socket]
ListenStream=%t/mcp-auth/${getOwnerSocketName(store ?? usual ?? '', usual)}
SocketMode=0600
DirectoryMode=0700

[Install]
WantedBy=sockets.target
`;
}

/** launchd.plist(5). It cannot pass its sockets on to Node.js, so it runs the command all the time. */
const launchd: ServiceManager = {
  platform: 'darwin',
  createUnits: ({ name }, { words }, env) => [
    {
      file: path.join(getHome(env), 'Library', 'LaunchAgents', `${name}.plist`),
      text: `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>${name}</string>
  <key>ProgramArguments</key>
  <array>
${words.map((word) => `    <string>${escapeXml(checkWord(word, 'launchd'))}</string>`).join('\n')}
  </array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>Umask</key><integer>63</integer>
</dict>
</plist>
`,
    },
  ],
  listCommands: (_, [unit]) => [formatCommand`launchctl load -w ${unit?.file ?? ''}`],
};

/** To add a service manager, add it here. */
const managers: readonly ServiceManager[] = [systemd, launchd];

/** What a service manager has to be told to run a command of mcp-auth. @throws AuthError `usage` on other platforms. */
export function createUnits(
  kind: keyof typeof services,
  { program, store: named }: { readonly program: readonly string[]; readonly store: string | undefined },
  env: Env,
): { readonly units: Unit[]; readonly commands: string[] } {
  const service: Service = services[kind];
  const manager = managers.find(({ platform }) => platform === env.platform);
  if (manager === undefined) {
    throw new AuthError('usage', '--install-service needs systemd (Linux) or launchd (macOS).', {
      hint: `Configure this system to start this command when you log in: mcp-auth ${service.words.join(' ')}`,
    });
  }
  // An empty variable counts as not set.
  const store = named === undefined || named === '' ? undefined : resolveStore(named);
  const words = [...program, ...service.words, ...(store === undefined ? [] : ['--store', store])];
  const units = manager.createUnits(service, { words, store }, env);
  return { units, commands: manager.listCommands(service, units) };
}

/** Every user can read a unit. @throws AuthError `usage` for a URL with a password. */
function resolveStore(named: string): string {
  if (!isStoreUrl(named)) return path.resolve(named);
  if (!hasPassword(named)) return named;
  throw new AuthError('usage', 'The URL of the store has a password, which a unit must not contain.', {
    hint: 'Put the URL into a file that only you can read, and set MCP_AUTH_STORE_FILE to its path in the service.',
  });
}

/** Prints the units of a service, or writes them. @throws AuthError `usage` on other platforms, `file_unwritable`. */
export async function installUnits(
  kind: keyof typeof services,
  { write, store: option }: { readonly write?: boolean; readonly store?: string },
  { env, files, ui }: Context,
): Promise<void> {
  const { units, commands } = createUnits(kind, { program: env.program, store: option ?? env.variables['MCP_AUTH_STORE'] }, env);
  if (!write) {
    for (const { file, text } of units) {
      if (units.length > 1) ui.print(`# ${file}`);
      for (const line of text.trimEnd().split('\n')) ui.print(line);
    }
    return;
  }
  for (const { file, text } of units) {
    await files.writeText(file, text);
    ui.succeed(`Wrote ${file}`);
  }
  const [start = '', linger] = commands;
  ui.say(`  Start it:  ${start}`);
  if (linger !== undefined) ui.say(`  To keep it running while you are logged out:  ${linger}`);
}

/** Where systemd looks for units of a user. */
function getSystemdFolder(env: Env): string {
  const { XDG_CONFIG_HOME: folder } = env.variables;
  return path.join(folder !== undefined && folder !== '' ? folder : path.join(getHome(env), '.config'), 'systemd', 'user');
}

/** @throws AuthError `file_unwritable` if the user has no home folder. */
function getHome(env: Env): string {
  const home = findHomeFolder(env);
  if (home !== undefined) return home;
  throw new AuthError('file_unwritable', 'The unit cannot be written: this process has no home folder (HOME is not set).', {
    hint: 'Set HOME to the home folder of the user whose session will run it, or omit --write.',
  });
}

/** A line break would start another setting, and a reader cannot check non-printable characters. @throws AuthError `usage` */
function checkWord(word: string, manager: string): string {
  if (!hasUnprintable(word)) return word;
  throw new AuthError('usage', `A unit of ${manager} cannot contain the path ${quote(word)}: it has non-printable characters.`, {
    hint: 'Use a store with another path: --store FILE, or MCP_AUTH_STORE.',
  });
}

/** systemd.syntax(7): quoted, with `%` and `$` doubled so that systemd does not expand them. */
function quotedWord(word: string): string {
  return `"${checkWord(word, 'systemd').replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
