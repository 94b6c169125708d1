/** Our HTTP, as a command has it. */
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/effects.js';
import { systemClock } from '../../src/machine/clock.js';
import type { DnsLookup } from '../../src/http/lookup.js';
import { createHttp } from '../../src/http/http.js';

export function http(variables: Record<string, string> = {}, timeout?: number, lookup?: DnsLookup, clock: Clock = systemClock) {
  const created = createHttp({
    clock,
    env: { variables, platform: 'linux' as const, folder: '/', program: [], exists: () => false },
    userAgent: 'test',
    timeout,
    lookup,
  });
  onTestFinished(() => created.close());
  return created;
}
