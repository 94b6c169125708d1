/** Attacks with host names and addresses, in a network namespace that has all of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../helpers/installed.js';
import { makeCertificates } from '../helpers/certificates.js';
import { runInOwnNetwork } from '../helpers/own-network.js';
import { networkAttacks } from './network-attacks.js';
import type { Result } from './network-inside.js';

describeWith('bwrap', 'in a network of its own', (bwrap) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-network-'));
  let results: Result[] = [];

  beforeAll(() => {
    makeCertificates(
      folder,
      ['mcp', 'auth', 'inside', 'metadata'].map((name) => `${name}.example`),
    );
    results = runInOwnNetwork({ bwrap, folder, script: path.join(import.meta.dirname, 'network-inside.ts') }) as Result[];
  }, 310_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(networkAttacks)('$attack ($source)', ({ attack, exit, says }) => {
    const result = results.find((one) => one.attack === attack);
    expect(result?.exits.at(-1), result?.stderr).toBe(exit);
    for (const before of result?.exits.slice(0, -1) ?? []) expect(before, result?.stderr).toBe(0);
    expect(result?.stderr).toMatch(says);
    expect(result?.touched).toEqual([]);
    expect(`${result?.stdout}${result?.stderr}`).not.toContain('SECRET');
    // A server that closes connections is not retried endlessly.
    expect(result?.closed).toBeLessThan(20);
  });
});
