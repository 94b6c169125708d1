/** Whether a value of unknown origin is an object with members: not null, no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON in ASCII: a reader gets every character, and a terminal that shows it none that could move the cursor or reorder. */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Levels of a document that anybody writes by intent. JSON.parse takes any number, and JSON.stringify ends the process's stack. */
const deepest = 64;

/**
 * The object that a server's text holds; undefined where it holds none, or one that is nested beyond all measure. Members
 * called `__proto__` are left out: copied by assignment, they would change what an object is.
 */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || isDeeperThan(value, deepest)) return undefined;
    for (const one of objectsIn(value)) if (Object.hasOwn(one, '__proto__')) delete (one as { __proto__?: unknown }).__proto__;
    return value;
  } catch {
    return undefined;
  }
}

/** Whether objects and lists are nested in each other more than `levels` times. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.filter((one) => typeof one === 'object' && one !== null).flatMap((one) => Object.values(one) as unknown[]);
  }
  return false;
}

function objectsIn(value: object): object[] {
  const found = [value];
  // The list grows while it is walked.
  for (const one of found)
    for (const inner of Object.values(one) as unknown[]) if (typeof inner === 'object' && inner !== null) found.push(inner);
  return found;
}
