/** A login by device code, and what is done with it. */
import { mkdtempSync, mkdirSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { command } from '../../test/helpers/build.js';
import { Person } from '../../test/helpers/person.js';
import { createVariables, shell, type Recording } from './record.js';

export const login: Recording = {
  name: 'demo',
  title: 'A login by device code, and what follows it, in a terminal',
  rows: 36,
  whyNot: () => undefined,
  prepare: (url) => {
    const home = mkdtempSync(path.join(tmpdir(), 'you-'));
    const programs = path.join(home, 'bin');
    mkdirSync(programs);
    symlinkSync(command, path.join(programs, 'mcp-auth'));
    return Promise.resolve({
      words: shell,
      folder: home,
      variables: createVariables({ home, programs, prompt: '$ ' }),
      play: async ({ type, seen, pause }) => {
        await type(`mcp-auth login ${url} --name example --no-browser`);
        const [, page = ''] = await seen(/(http:\S+\/device)\s/);
        const [, code = ''] = await seen(/([A-Z]{4}-[A-Z]{4})/);
        await pause();
        await new Person().approveDevice(page, code);
        await type('mcp-auth list', 'mcp-auth connect claude-code example', 'mcp-auth doctor | tail -3');
      },
      close: () => rm(home, { recursive: true, force: true }),
    });
  },
};
