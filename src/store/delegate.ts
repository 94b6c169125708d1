/** An object whose methods are those of another one, which is made when the first of them is called. */

/** @param names the methods, each of which returns a promise. */
export function delegate<T extends object, Name extends keyof T>(names: readonly Name[], load: () => T | Promise<T>): Pick<T, Name> {
  type Method = (...parameters: unknown[]) => Promise<unknown>;
  const methods = names.map((name): [Name, Method] => [
    name,
    async (...parameters) => {
      const target = await load();
      return (target[name] as Method).apply(target, parameters);
    },
  ]);
  return Object.fromEntries(methods) as unknown as Pick<T, Name>;
}
