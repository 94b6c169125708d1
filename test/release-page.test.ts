/** `deploy/release/install.sh`, filled in and run for real against a server on this machine. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fillTemplate } from '../scripts/assets/templates.js';
import { listen } from './helpers/listen.js';
import { piped } from './helpers/piped.js';
import { spawn } from 'node:child_process';
import { temporaryFolder } from './helpers/folder.js';

const template = readFileSync(path.resolve(import.meta.dirname, '../deploy/release/install.sh'), 'utf8');
const name = `mcp-auth-1.2.3-linux-${process.arch}`;
const isLinux = process.platform === 'linux';

interface Served {
  archive: Buffer;
  sums: string | undefined;
  isCut?: boolean;
}

async function installFrom(change: (served: Served) => void) {
  const work = temporaryFolder();
  mkdirSync(path.join(work, name));
  writeFileSync(path.join(work, name, 'mcp-auth'), '#!/bin/sh\necho 1.2.3\n', { mode: 0o755 });
  execFileSync('tar', ['-czf', 'made.tar.gz', name], { cwd: work });
  const archive = readFileSync(path.join(work, 'made.tar.gz'));
  const hash = createHash('sha256').update(archive).digest('hex');
  const served: Served = { archive, sums: `${'0'.repeat(64)}  other-${name}.tar.gz\n${hash}  ${name}.tar.gz\n` };
  change(served);
  const server = await listen((request, response) => {
    const body = request.url?.endsWith('SHA256SUMS') ? served.sums : served.archive;
    if (body === undefined) return void response.writeHead(404).end();
    const cut = served.isCut === true && Buffer.isBuffer(body);
    response.writeHead(200, { 'content-length': body.length + (cut ? 10 : 0) });
    response.write(body, () => (cut ? response.destroy() : response.end()));
  });
  onTestFinished(() => server.close());
  const script = path.join(work, 'install.sh');
  writeFileSync(script, fillTemplate(template, { version: '1.2.3', downloads: server.origin }));
  const folder = path.join(work, 'a folder');
  const { exit, output } = piped(spawn('sh', [script, folder], { stdio: 'pipe' }));
  return { code: await exit, output, folder };
}

test.skipIf(!isLinux)('it installs what matches its checksum (only on Linux)', async () => {
  const { code, output, folder } = await installFrom(() => undefined);
  expect(output.stderr).toBe('');
  expect(code).toBe(0);
  expect(readdirSync(folder)).toEqual(['mcp-auth']);
  expect(output.stdout).toContain(`${folder} is not in PATH`);
});

test.skipIf(!isLinux).each<[string, (served: Served) => void, string]>([
  ['a changed archive', (served) => (served.archive = Buffer.from('evil')), 'does not match its checksum'],
  ['no line for it', (served) => (served.sums = `${'0'.repeat(64)}  ../${name}.tar.gz\n`), 'has no line for'],
  ['no SHA256SUMS', (served) => (served.sums = undefined), 'cannot be downloaded'],
  ['a cut download', (served) => (served.isCut = true), 'cannot be downloaded'],
])('it installs nothing with %s (only on Linux)', async (_, change, message) => {
  const { code, output, folder } = await installFrom(change);
  expect(output.stderr).toContain(message);
  expect(code).toBe(1);
  expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
});

test.skipIf(!isLinux)('a script that has not arrived whole does nothing (only on Linux)', () => {
  const part = template.slice(0, template.lastIndexOf('main "$@"'));
  expect(execFileSync('sh', ['-c', part], { encoding: 'utf8' })).toBe('');
});
