/** The sockets of agents on this machine. */
import { lstatSync, readdirSync, rmSync, writeFileSync, type Stats } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { forwardedFolder, getOwnerSocketName, listSocketFolders, parseForwardedName } from '../agent-protocol/sockets.js';
import type { AgentSocket, Agents, Env, HttpRequest, HttpResponse, Upgraded, UpgradeRequest } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import type { UnixSocketHttp } from '../http/unix-socket.js';
import { isTrustedOwner } from '../store/file-owner.js';
import { isPrivateFolder } from '../store/own-file.js';
import { getDefaultStorePath } from '../store/path.js';

/** Undefined on a platform without Unix sockets in Node.js. */
export function createAgents(env: Pick<Env, 'variables' | 'platform'>): Agents | undefined {
  return env.platform === 'win32' ? undefined : new MachineAgents(env);
}

class MachineAgents implements Agents {
  readonly #env: Pick<Env, 'variables' | 'platform'>;
  readonly #connections = new Map<string, UnixSocketHttp>();

  constructor(env: Pick<Env, 'variables' | 'platform'>) {
    this.#env = env;
  }

  list(): readonly AgentSocket[] {
    const { MCP_AUTH_SOCK: named } = this.#env.variables;
    if (named !== undefined && named !== '') return [{ path: named }];
    const folders = this.#listFolders();
    return [...folders.flatMap(listForwarded), ...folders.flatMap((folder) => listSockets(folder, ['agent.sock']))];
  }

  findOwnerSocket(store: string): string {
    const name = getOwnerSocketName(store, getDefaultStorePath(this.#env));
    const places = this.#listFolders().map((folder) => path.join(folder, name));
    return places.find((file) => this.isThere(file)) ?? places[0] ?? '';
  }

  isThere(socket: string): boolean {
    return readStats(socket)?.isSocket() === true;
  }

  listAway(): readonly string[] {
    const folders = this.#listFolders().map((folder) => path.join(folder, forwardedFolder));
    const names = folders.filter(isPrivateFolder).flatMap(listNames);
    const gone = names.flatMap((name) => {
      const { machine, isAway = false } = parseForwardedName(name) ?? {};
      return machine !== undefined && isAway ? [machine] : [];
    });
    return [...new Set(gone)];
  }

  open(socket: string, target: string, request?: HttpRequest): Promise<HttpResponse> {
    return this.#use(socket, (connections) => connections.open(target, request));
  }

  upgrade(socket: string, target: string, request: UpgradeRequest): Promise<Upgraded> {
    return this.#use(socket, (connections) => connections.upgrade(target, request));
  }

  close(): void {
    for (const connections of this.#connections.values()) connections.close();
    this.#connections.clear();
  }

  async #use<T>(socket: string, work: (connections: UnixSocketHttp) => Promise<T>): Promise<T> {
    const connections = this.#connections.get(socket) ?? (await this.#connect(socket));
    try {
      return await work(connections);
    } catch (error) {
      if (hasCode(error, 'agent_away')) this.#removeDead(socket, error);
      throw error;
    }
  }

  /** Node's http is loaded when an agent is asked: most commands ask none. */
  async #connect(socket: string): Promise<UnixSocketHttp> {
    const { UnixSocketHttp } = await import('../http/unix-socket.js');
    const known = this.#connections.get(socket) ?? new UnixSocketHttp(socket, { checkBefore: checkOwner });
    this.#connections.set(socket, known);
    return known;
  }

  /** The folders that exist and that no other user can write. */
  #listFolders(): string[] {
    return listSocketFolders({ ...this.#env, uid: process.getuid?.() }).filter(isPrivateFolder);
  }

  /** A forwarded socket whose connection is gone is in the way of the next one of the same name. Its mark says who was here. */
  #removeDead(socket: string, error: AuthError): void {
    const folder = path.dirname(socket);
    const { machine } = parseForwardedName(path.basename(socket)) ?? {};
    const isRefused = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
    if (!isRefused || machine === undefined || path.basename(folder) !== forwardedFolder || !isPrivateFolder(folder)) return;
    this.#connections.get(socket)?.close();
    this.#connections.delete(socket);
    replaceByMark(socket, path.join(folder, `${machine}.away`));
  }
}

/** The forwarded sockets in a folder, the newest first: an older connection is more likely to be gone. */
function listForwarded(folder: string): AgentSocket[] {
  const forwarded = path.join(folder, forwardedFolder);
  if (!isPrivateFolder(forwarded)) return [];
  const sockets = listSockets(forwarded, listNames(forwarded)).flatMap(({ path: file, modifiedAt }) => {
    const { machine, isAway } = parseForwardedName(path.basename(file)) ?? {};
    return machine === undefined || isAway === true ? [] : [{ path: file, machine, modifiedAt }];
  });
  return sockets.sort((one, other) => other.modifiedAt - one.modifiedAt);
}

function listSockets(folder: string, names: readonly string[]): (AgentSocket & { readonly modifiedAt: number })[] {
  return names.flatMap((name) => {
    const file = path.join(folder, name);
    const stats = readStats(file);
    return stats?.isSocket() === true && isTrustedOwner(stats.uid) ? [{ path: file, modifiedAt: stats.mtimeMs }] : [];
  });
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readStats(file: string): Stats | undefined {
  try {
    return lstatSync(file);
  } catch {
    return undefined;
  }
}

/** MCP_AUTH_SOCK may name a socket in a folder that others can write. @throws AuthError `agent_failed` */
export function checkOwner(socket: string): void {
  const stats = readStats(socket);
  if (stats === undefined || isTrustedOwner(stats.uid)) return;
  throw new AuthError('agent_failed', `The socket of the agent belongs to another user: ${socket}`, {
    hint: 'Check MCP_AUTH_SOCK.',
  });
}

/** Never throws: the socket may be gone by now. */
function replaceByMark(socket: string, mark: string): void {
  try {
    rmSync(socket);
    writeFileSync(mark, '', { mode: 0o600 });
  } catch {
    // The next command tries again.
  }
}
