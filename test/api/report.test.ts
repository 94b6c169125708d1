/** The public API is what was reviewed: a change to it has to stand in the report, and so in the diff. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { apiReport, howToWrite, reportFile } from '../../scripts/api.js';
import { root } from '../../scripts/build.js';
import * as api from '../../src/index.js';

test('the report on the public API is current', () => {
  const report = readFileSync(path.join(root, reportFile), 'utf8');
  expect(apiReport(), howToWrite).toBe(report);
  for (const name of Object.keys(api)) expect(report).toMatch(new RegExp(`^export (class|const|function) ${name}\\b`, 'm'));
});
