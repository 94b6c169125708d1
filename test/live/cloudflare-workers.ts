/** The parts of the Workers runtime that @cloudflare/workers-oauth-provider uses and Node does not have. */

/** The base class of handlers that are classes; ours are objects. */
export class WorkerEntrypoint {
  readonly runtime = 'none';
}

/** A KV namespace in memory, with the methods that the provider calls. Nothing expires: a test is short. */
export function memoryKv() {
  const entries = new Map<string, string>();
  return {
    entries,
    get: (key: string, options?: { type?: string }) => {
      const text = entries.get(key);
      return Promise.resolve(text !== undefined && options?.type === 'json' ? (JSON.parse(text) as unknown) : (text ?? null));
    },
    put: (key: string, value: string) => Promise.resolve(void entries.set(key, value)),
    delete: (key: string) => Promise.resolve(void entries.delete(key)),
    list: ({ prefix = '' }: { prefix?: string } = {}) => {
      const keys = [...entries.keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ name }));
      return Promise.resolve({ keys, list_complete: true as const, cacheStatus: null });
    },
  };
}
