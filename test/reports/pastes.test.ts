/** What people paste. */
import { describe, expect, test } from 'vitest';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { asUsual, withMetadata } from './answering.js';

describe('What people paste', () => {
  test.each(['code=4/0Ab_cd=', '?code=4/0Ab_cd=', 'code: 4/0Ab_cd=', '4%2F0Ab_cd%3D'])('%s alone is the code', async (text) => {
    const server = await fakeServer((origin) => [asUsual(origin)]);
    const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore(), stdin: 'open' });
    await login.shown(/^(http\S+state=\S+)$/m);
    login.type(`${text}\n`);
    login.end();
    expect(await login.exit, login.stderr).toBe(0);
    expect(server.asked('POST /token')[0]?.body['code']).toBe('4/0Ab_cd=');
  });

  test('but not where the authorization server says who it is', async () => {
    const server = await fakeServer((origin) => [
      asUsual(origin),
      withMetadata(origin, { authorization_response_iss_parameter_supported: true }),
    ]);
    const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore(), stdin: 'open' });
    await login.shown(/^(http\S+state=\S+)$/m);
    login.type('code=4/0Ab_cd=\n');
    login.end();
    expect(await login.exit).toBe(1);
    expect(server.asked('POST /token')).toEqual([]);
  });
});
