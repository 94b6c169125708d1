/** One authenticated connection of ssh, which the user's session and our own requests share (ControlMaster in ssh_config(5)). */
import { existsSync } from 'node:fs';
import { abortable } from '../abortable.js';
import type { Context } from '../context.js';
import type { StartedProgram } from '../effects.js';
import { formatDestination, getConnectionOptions, type SshLine } from './arguments.js';
import { createControlPath, type ControlPath } from './control-path.js';
import { formatRemoteScript, parseRemotePath, type RemotePath, type RemoteScript, scriptWords } from './remote-folder.js';
import type { SshSettings } from './settings.js';
import { formatForward } from './socket-path.js';

/** Milliseconds for the remote shell to start, which reads start-up files, and to run the script. */
const scriptTimeout = 20_000;
/** Milliseconds for a request over the control socket. */
const requestTimeout = 10_000;
/** Milliseconds for the script to remove the socket, and for ssh to end. */
const endTimeout = 5_000;
/** Milliseconds between two looks at whether the user is authenticated: ssh does not say so. */
const lookInterval = 50;
/** Characters of a line that the script may have printed. */
const maxLine = 4096;

interface MasterOptions {
  readonly line: SshLine;
  readonly settings: SshSettings;
  readonly script: RemoteScript;
}

interface SocketPair {
  /** Its path on the remote machine. */
  readonly remote: string;
  /** Its path on this one. */
  readonly local: string;
}

export class Master {
  /** Resolves to the exit code of ssh when the connection has ended. */
  readonly ended: Promise<number>;
  private isConnected = false;

  private constructor(
    private readonly ssh: StartedProgram,
    private readonly place: ControlPath,
    private readonly path: Promise<RemotePath | undefined>,
    private readonly context: Context,
  ) {
    this.ended = ssh.ended.then(({ exitCode }) => exitCode);
  }

  /** Starts ssh, which asks the user for what it needs. The script runs as the command of this connection. */
  static async start(options: MasterOptions, context: Context): Promise<Master> {
    const place = createControlPath(context);
    try {
      const { take, path } = listenForPath(options.script);
      const ssh = await context.startProgram(formatMaster(options, place), { showsErrors: true, take });
      ssh.write(formatRemoteScript(options.script));
      return new Master(ssh, place, path, context);
    } catch (error) {
      place.remove();
      throw error;
    }
  }

  /** The path of the control socket. */
  get control(): string {
    return this.place.control;
  }

  /** Resolves when the user is authenticated: false if the connection has ended instead. Throws the signal's reason. */
  async connected(): Promise<boolean> {
    const { clock, signal } = this.context;
    this.isConnected = await abortable<boolean>(signal, (resolve) => {
      void this.ended.then(() => resolve(false));
      void this.path.then(() => resolve(true));
      return clock.every(lookInterval, () => {
        if (existsSync(this.control)) resolve(true);
      });
    });
    return this.isConnected;
  }

  /** Resolves to where the socket belongs on the remote machine; undefined if the script did not run there. */
  async readRemotePath(): Promise<RemotePath | undefined> {
    return this.within(scriptTimeout, Promise.race([this.path, this.ended.then(() => undefined)]), this.context.signal);
  }

  /** Forwards a socket. False if the server refuses. */
  async forward({ remote, local }: SocketPair): Promise<boolean> {
    const isForwarded = await this.request(['-O', 'forward', '-R', formatForward(remote, local)]);
    if (isForwarded) this.ssh.write(scriptWords.forwarded);
    return isForwarded;
  }

  /** Ends the forwarding, and has the script remove the socket. The connection stays. */
  async cancel({ remote, local }: SocketPair): Promise<void> {
    await this.request(['-O', 'cancel', '-R', formatForward(remote, local)]);
    this.ssh.write(scriptWords.cancelled);
  }

  /** Has the script remove the socket, ends the connection, and removes what is on this machine. */
  async close(): Promise<void> {
    // ssh ends with its command, which ends with its input.
    if (this.isConnected) this.ssh.endInput();
    else this.ssh.stop();
    if ((await this.within(endTimeout, this.ended)) === undefined) this.ssh.stop();
    await this.within(endTimeout, this.ended);
    this.place.remove();
  }

  /** Sends a request over the control socket. The user's configuration is not read: it has forwardings of its own. */
  private async request(words: readonly string[]): Promise<boolean> {
    const command = ['ssh', '-F', '/dev/null', '-S', this.control, ...words, 'mcp-auth'];
    const ssh = await this.context.startProgram(command, { showsErrors: false });
    ssh.endInput();
    const result = await this.within(requestTimeout, ssh.ended);
    if (result === undefined) ssh.stop();
    return result?.exitCode === 0;
  }

  /** Resolves to what `work` does; undefined after the time. */
  private async within<T>(milliseconds: number, work: Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    return abortable<T | undefined>(signal, (resolve, reject) => {
      work.then(resolve, reject);
      return this.context.clock.alarm(milliseconds, () => resolve(undefined));
    });
  }
}

function formatMaster({ line, settings }: MasterOptions, { control }: ControlPath): string[] {
  const own = ['-T', '-S', control, '-o', 'ControlMaster=yes', '-o', 'ControlPersist=no', ...settings.overrides];
  return ['ssh', ...own, ...getConnectionOptions(line), ...formatDestination({ host: line.host, command: ['sh -s'] })];
}

/** Waits for the line of the script among what start-up files print. */
function listenForPath(script: RemoteScript): { readonly take: (text: string) => void; readonly path: Promise<RemotePath> } {
  let line = '';
  let take = (text: string) => void (line += text);
  const path = new Promise<RemotePath>((resolve) => {
    take = (text) => {
      const all = line + text;
      const end = all.lastIndexOf('\n') + 1;
      const found = parseRemotePath(all.slice(0, end), script);
      if (found !== undefined) resolve(found);
      // A line that is too long is not the one of the script.
      line = all.length - end > maxLine ? '' : all.slice(end);
    };
  });
  return { take, path };
}
