/** The restricted sockets of an agent. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { ShareStatus } from '../agent-protocol/messages.js';
import { checkSocketPath, sharesFolder } from '../agent-protocol/sockets.js';
import type { Context } from '../context.js';
import { AuthError, toAuthError } from '../errors.js';
import { writeAtomically } from '../store/atomic-write.js';
import { readOwnFile } from '../store/own-file.js';
import { isListOfText, isObject, parseObject } from '../text/json.js';
import { quote } from '../text/server-text.js';
import { limits } from './limits.js';
import { listenOnSocket, type ListeningSocket } from './listen.js';
import type { Questions } from './questions.js';
import type { Service } from './service.js';
import { Share, type ShareOptions } from './share.js';

/** Milliseconds between two looks at the time: the clock of an alarm stands still while the machine is suspended. */
const timeInterval = 30_000;

/** What another machine may use. */
export type ShareTerms = Omit<ShareOptions, 'id'>;

export interface OpenShare {
  readonly share: Share;
  readonly socket: string;
  /** Aborts when it has been closed, with the reason as an AuthError. */
  readonly closed: AbortSignal;
}

interface KeptShare extends OpenShare {
  readonly listening: ListeningSocket;
  readonly close: (reason: EndReason) => Promise<void>;
}

/** Why a restricted socket is closed, as the user of the session reads it. */
const endReasons = {
  sharedAgain: 'this host was given another socket',
  revoked: 'it was revoked by mcp-auth agent revoke',
  expired: 'the time of --life has passed',
  stopped: 'the agent was stopped',
  closed: 'the connection was closed',
} as const;

type EndReason = keyof typeof endReasons;

/** After these, its folder stays, since a container may have mounted it. */
const temporaryReasons: readonly EndReason[] = ['stopped', 'sharedAgain'];

export class Shares {
  readonly #folder: string;
  readonly #context: Context;
  readonly #questions: Questions;
  readonly #open = new Map<string, KeptShare>();

  /** @param folder of the agent's sockets. */
  constructor(folder: string, { context, questions }: { context: Context; questions: Questions }) {
    this.#folder = path.join(folder, sharesFolder);
    this.#context = context;
    this.#questions = questions;
  }

  /**
   * Opens a restricted socket. A lasting one replaces the lasting one of the same host, and is opened again when the agent starts.
   *
   * @throws AuthError `usage`, `agent_busy`, and `agent_failed` if it cannot listen.
   */
  async open(terms: ShareTerms, service: Service): Promise<OpenShare> {
    if (this.#open.size >= limits.shares) throw new AuthError('agent_busy', 'Too many sockets are shared already.');
    const id = randomBytes(5).toString('hex');
    if (terms.isLasting) await this.#endWhere(({ options }) => options.isLasting && options.host === terms.host, 'sharedAgain');
    // A container mounts the folder: a socket that is mounted by itself would not be found again after a restart of the agent.
    const folder = terms.isLasting ? path.join(this.#folder, toFileName(terms.host)) : this.#folder;
    const socket = path.join(folder, terms.isLasting ? 'agent.sock' : `${id}.sock`);
    checkSocketPath(socket, this.#context.env.platform);
    const share = new Share({ ...terms, id }, { clock: this.#context.clock, questions: this.#questions });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rmSync(socket, { force: true, recursive: true });
    const listening = await listenOnSocket({ place: { path: socket }, gate: share }, service);
    // The user's umask may be any.
    chmodSync(socket, 0o600);
    const kept = this.#keep({ share, socket, listening });
    this.#open.set(id, kept);
    if (terms.isLasting) await this.#save();
    return kept;
  }

  /** Opens the lasting ones of the last time. */
  async restore(service: Service): Promise<void> {
    for (const terms of readTerms(this.#file, this.#context)) {
      // A container can make its own folder unusable, but not keep the agent from its work.
      await this.open(terms, service).catch((error: unknown) => {
        this.#context.ui.warn(`The socket for ${quote(terms.host)} cannot be opened: ${toAuthError(error).message}`);
      });
    }
  }

  /** Ends those with this ID or for this host. Returns how many there were. */
  async revoke(idOrHost: string): Promise<number> {
    const ended = await this.#endWhere(({ options }) => options.id === idOrHost || options.host === idOrHost, 'revoked');
    await this.#save();
    return ended;
  }

  /** Ends one, unless it has ended. */
  async end({ share }: OpenShare): Promise<void> {
    await this.#open.get(share.options.id)?.close('closed');
  }

  /** Ends all. Those that last are opened again at the next start. */
  async close(): Promise<void> {
    await this.#endWhere(() => true, 'stopped');
  }

  describe(): Promise<ShareStatus[]> {
    return Promise.all(
      [...this.#open.values()].map(async ({ share, socket, listening }) => {
        const { id, host, only, lendsTokens, isLasting, until } = share.options;
        return {
          ...{ id, host, socket, lasting: isLasting, lends_tokens: lendsTokens, since: toSeconds(share.since) },
          ...(only && { only }),
          ...(until !== undefined && { until: toSeconds(until) }),
          connections: await listening.countConnections(),
          used: [...share.used].map(([server, { last, ...counts }]) => ({ server, ...counts, last: toSeconds(last) })),
        };
      }),
    );
  }

  get #file(): string {
    return `${this.#context.store.localPath}.shares`;
  }

  #keep({ share, socket, listening }: Omit<KeptShare, 'closed' | 'close'>): KeptShare {
    const { clock } = this.#context;
    const { id, until, isLasting } = share.options;
    const closed = new AbortController();
    let stopAlarm = (): void => undefined;
    const close = async (reason: EndReason) => {
      if (!this.#open.delete(id)) return;
      stopAlarm();
      share.close();
      closed.abort(new AuthError('agent_refused', `The remote machine can no longer use your logins: ${endReasons[reason]}.`));
      await listening.close();
      if (!isLasting) remove(socket);
      else remove(temporaryReasons.includes(reason) ? socket : path.dirname(socket));
    };
    const watchTime = (end: number) => {
      const left = end - clock.now();
      if (left <= 0) return void close('expired');
      stopAlarm = clock.alarm(Math.min(left, timeInterval), () => watchTime(end));
    };
    if (until !== undefined) watchTime(until);
    return { share, socket, listening, closed: closed.signal, close };
  }

  async #endWhere(isMeant: (share: Share) => boolean, reason: EndReason): Promise<number> {
    const ended = [...this.#open.values()].filter(({ share }) => isMeant(share));
    await Promise.all(ended.map(({ close }) => close(reason)));
    return ended.length;
  }

  async #save(): Promise<void> {
    const lasting = [...this.#open.values()].filter(({ share }) => share.options.isLasting);
    if (lasting.length === 0) {
      rmSync(this.#file, { force: true });
      return;
    }
    const shares = lasting.map(({ share: { options } }) => ({
      host: options.host,
      only: options.only,
      lends_tokens: options.lendsTokens,
      until: options.until === undefined ? undefined : toSeconds(options.until),
    }));
    await writeAtomically(this.#file, `${JSON.stringify({ shares }, null, 2)}\n`);
  }
}

/** Never throws: a container that has the folder can fill it with what its user may not remove. */
function remove(file: string): void {
  try {
    rmSync(file, { force: true, recursive: true });
  } catch {
    // The socket does not listen any more.
  }
}

/** The terms of the lasting sockets whose time is not over. */
function readTerms(file: string, { clock }: Context): ShareTerms[] {
  const shares = parseObject(readOwnFile(file) ?? '')?.['shares'];
  const all = (Array.isArray(shares) ? shares : []) as unknown[];
  return all.flatMap((one): ShareTerms[] => {
    if (!isObject(one) || typeof one['host'] !== 'string') return [];
    const { host, only, until } = one;
    // A list that cannot be read must not become no list.
    if (only !== undefined && !isListOfText(only)) return [];
    const end = typeof until === 'number' ? until * 1000 : undefined;
    if (end !== undefined && end <= clock.now()) return [];
    return [{ host, only, until: end, lendsTokens: one['lends_tokens'] === true, isLasting: true }];
  });
}

/** A folder's name for a host that the user has named in any way. */
function toFileName(host: string): string {
  return encodeURIComponent(host).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
}

function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
