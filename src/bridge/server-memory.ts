/** Remembers what the server says about itself and its tools, for the time when there is no login. */
import type { Context } from '../context.js';
import type { BinaryString } from '../effects.js';
import type { LastSeen } from '../store/last-seen.js';
import { fromBinary } from '../text/binary-string.js';
import { isObject, parseObject } from '../text/json.js';
import { isOwnId, isRequest, isResponseTo, type Message } from './json-rpc.js';
import { maxParsedBytes } from './large-message.js';
import { findTargetServer, findTargetName, type Target } from './target-login.js';

type Result = Readonly<Record<string, unknown>>;

/** What the response to each of these requests changes. */
const readers: Readonly<Record<string, (result: Result, memory: LastSeen, isContinuation: boolean) => LastSeen>> = {
  initialize: (initialize, memory) => ({ ...memory, initialize }),
  'server/discover': (discover, memory) => ({ ...memory, discover }),
  'tools/list': ({ tools }, memory, isContinuation) => {
    if (!Array.isArray(tools)) return memory;
    const page: readonly unknown[] = tools;
    const names = new Set(page.map(readName));
    // The app and the bridge may list the tools at the same time.
    const before = isContinuation ? (memory.tools ?? []).filter((tool) => !names.has(readName(tool))) : [];
    return { ...memory, tools: [...before, ...page] };
  },
};

export class ServerMemory {
  readonly #target: Target;
  readonly #context: Context;
  /** The requests whose responses are remembered, until they have arrived. */
  readonly #expected = new Map<string | number, { readonly method: string; readonly isContinuation: boolean }>();
  #seen: LastSeen | undefined;
  #saving: Promise<void> = Promise.resolve();
  #onTools: () => void = () => undefined;

  constructor(target: Target, context: Context) {
    this.#target = target;
    this.#context = context;
  }

  /** A message that the app sends to the server. */
  expect(message: Message): void {
    const { method = '' } = message;
    if (!isRequest(message) || !Object.hasOwn(readers, method)) return;
    this.#expected.set(message.id, { method, isContinuation: message.text.includes('"cursor"') });
  }

  /** A message from the server. It is parsed only if it may be a response that is remembered. */
  note(text: BinaryString): void {
    if (this.#expected.size === 0 || text.length > maxParsedBytes) return;
    for (const [id, { method, isContinuation }] of this.#expected) {
      if (!isResponseTo(text, id)) continue;
      this.#expected.delete(id);
      const result = readResult(text);
      const read = readers[method];
      if (method === 'tools/list' && !isOwnId(id)) this.#onTools();
      if (result !== undefined && read) this.#saving = this.#saving.then(() => this.#save((seen) => read(result, seen, isContinuation)));
      return;
    }
  }

  /** What is known of the server. */
  async read(): Promise<LastSeen> {
    if (this.#seen !== undefined) return this.#seen;
    const url = this.#target.url.href;
    const name = await findTargetName(this.#target, this.#context);
    return name === undefined ? { url } : this.#context.store.readLastSeen({ name, url });
  }

  /** Resolves when the server has told the app its tools the next time. */
  async untilNextTools(): Promise<void> {
    return new Promise((resolve) => (this.#onTools = resolve));
  }

  /** Resolves when everything is written. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  async #save(change: (seen: LastSeen) => LastSeen): Promise<void> {
    try {
      const before = await this.read();
      this.#seen = change(before);
      const [name, entry] = (await findTargetServer(this.#target, this.#context)) ?? [];
      // A server that needs no login is asked each time.
      if (name === undefined || entry?.auth === undefined) return;
      if (JSON.stringify(before) !== JSON.stringify(this.#seen)) await this.#context.store.saveLastSeen(name, this.#seen);
    } catch {
      // It is a convenience: the next bridge offers fewer tools before its login.
    }
  }
}

function readName(tool: unknown): unknown {
  return isObject(tool) ? tool['name'] : undefined;
}

function readResult(text: BinaryString): Result | undefined {
  const result = parseObject(fromBinary(text))?.['result'];
  return isObject(result) ? result : undefined;
}
