/** Windows: a file that another process has open for a moment, and names that it does not allow. */
import { expect, test } from 'vitest';
import { encodeForFileName } from '../../src/store/file-name.js';
import { retryWhileInUse } from '../../src/store/in-use.js';

/** Fails that often, with that code. */
const failing = (times: number, code: string) => {
  let left = times;
  return () => {
    if (left === 0) return 'done';
    left -= 1;
    throw Object.assign(new Error(code), { code });
  };
};
const pauses: number[] = [];
const sleep = (milliseconds: number) => Promise.resolve(pauses.push(milliseconds));
const retry = (times: number, code: string, platform: NodeJS.Platform = 'win32') => {
  pauses.length = 0;
  return retryWhileInUse(failing(times, code), { platform, sleep });
};

test.each(['EPERM', 'EACCES', 'EBUSY'])('on Windows, %s is waited for', async (code) => {
  expect(await retry(10, code)).toBe('done');
  expect(pauses).toHaveLength(10);
  await expect(retry(11, code)).rejects.toMatchObject({ code });
  expect(pauses.reduce((sum, one) => sum + one)).toBeLessThan(2000);
});

test('another error is thrown at once, and so is each of them on other systems', async () => {
  await expect(retry(1, 'ENOSPC')).rejects.toMatchObject({ code: 'ENOSPC' });
  for (const code of ['EPERM', 'EACCES', 'EBUSY']) await expect(retry(1, code, 'linux')).rejects.toMatchObject({ code });
  expect(pauses).toEqual([]);
});

test('a name becomes a part of a file name of Windows, whatever it is', () => {
  // https://learn.microsoft.com/windows/win32/fileio/naming-a-file
  expect(encodeForFileName('a<b>:"/\\|?*\n', 'win32')).toMatch(/^[\w.%-]+$/);
  expect(encodeForFileName('a*', 'linux')).toBe('a*');
});
