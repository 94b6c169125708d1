/** Programs that are started with pipes. */
import { expect, test } from 'vitest';
import { runTmux, startProgram } from '../../src/machine/program.js';

const node = (script: string) => [process.execPath, '-e', script];

test('a program gets its input, and its output arrives as it is written and at the end', async () => {
  let seen = '';
  const program = await startProgram(node('process.stderr.write("error"); process.stdin.pipe(process.stdout)'), {
    showsErrors: false,
    take: (text) => (seen += text),
  });
  program.write('one ');
  program.write('two ☺');
  program.endInput();
  expect(await program.ended).toEqual({ exitCode: 0, stdout: 'one two ☺', stderr: 'error' });
  expect(seen).toBe('one two ☺');
  // What is written later goes nowhere.
  program.write('three');
});

test('its exit code, and the signal that has ended it', async () => {
  const failing = await startProgram(node('process.exit(7)'), { showsErrors: false });
  expect((await failing.ended).exitCode).toBe(7);
  const stopped = await startProgram(node('setInterval(() => {}, 1000)'), { showsErrors: false });
  stopped.stop();
  expect((await stopped.ended).exitCode).toBe(143);
});

test('of much output, the start is kept, and all of it is handed over', async () => {
  let length = 0;
  const much = await startProgram(node('process.stdout.write("x".repeat(5e6))'), {
    showsErrors: false,
    take: (text) => (length += text.length),
  });
  const { stdout } = await much.ended;
  expect(length).toBe(5e6);
  expect(stdout.length).toBeLessThan(2e6);
});

test('a program that is not found', async () => {
  await expect(startProgram(['/nonexistent/program'], { showsErrors: false })).rejects.toMatchObject({
    code: 'program_failed',
    message: '"/nonexistent/program" cannot be run (ENOENT).',
  });
  // A tmux that fails is as good as none.
  expect(await runTmux(['no-such-command'], '')).toBeUndefined();
});
