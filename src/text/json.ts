/** Whether a value is an object with members: neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isListOfText(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** JSON in ASCII: no character is lost, and none can move a terminal's cursor or reorder others. */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Nesting levels. JSON.parse accepts any number, but JSON.stringify would overflow the stack. */
const maxDepth = 64;

/**
 * Parses a server's text; undefined if it is not a JSON object, or nested in more than 64 levels. Members called `__proto__`
 * are removed: copied by assignment, they would change the prototype of an object.
 */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || isDeeperThan(value, maxDepth)) return undefined;
    for (const one of findObjects(value)) if (Object.hasOwn(one, '__proto__')) delete (one as { __proto__?: unknown }).__proto__;
    return value;
  } catch {
    return undefined;
  }
}

/** Whether objects and lists are nested in more than `levels` levels. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.filter((one) => typeof one === 'object' && one !== null).flatMap((one) => Object.values(one) as unknown[]);
  }
  return false;
}

function findObjects(value: object): object[] {
  const found = [value];
  // The list grows during the iteration.
  for (const one of found)
    for (const inner of Object.values(one) as unknown[]) if (typeof inner === 'object' && inner !== null) found.push(inner);
  return found;
}
