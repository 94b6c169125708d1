import { createInterruptedError } from '../errors.js';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal | undefined;
}

/** One line, typed or pasted. `secret` shows nothing of it. */
export async function promptText({ message, secret, ...streams }: { message: string; secret: boolean } & Streams): Promise<string> {
  return secret
    ? prompted<string>({ type: 'password', message, mask: true }, streams)
    : prompted<string>({ type: 'input', message }, streams);
}

/** One of several choices, by arrow keys. */
export async function promptChoice<T>({
  message,
  choices,
  ...streams
}: { message: string; choices: { name: string; value: T }[] } & Streams): Promise<T> {
  return prompted<T>({ type: 'select', message, choices }, streams);
}

/** Runs one inquirer prompt on stderr; Ctrl-C, Ctrl-D and the signal end it and give the terminal back. */
async function prompted<T>(question: object, { stdin, stderr, signal }: Streams): Promise<T> {
  signal?.throwIfAborted();
  const { default: inquirer } = await import('inquirer');
  const ended = new AbortController();
  const end = () => ended.abort(createInterruptedError());
  // Ctrl-D closes the readline that inquirer reads from, which it does not notice by itself.
  const onKey = (_: unknown, key: { ctrl?: boolean; name?: string } | undefined) => {
    if (key?.ctrl && key.name === 'd') end();
  };
  stdin.on('keypress', onKey);
  const any = AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]);
  try {
    const prompt = inquirer.createPromptModule({ input: stdin, output: stderr, signal: any, clearPromptOnDone: true });
    const answers = (await prompt([{ ...question, name: 'answer' }] as never)) as { answer: T };
    return answers.answer;
  } catch (error) {
    if (any.aborted) throw any.reason;
    if (error instanceof Error && error.name === 'ExitPromptError') throw createInterruptedError();
    throw error;
  } finally {
    stdin.off('keypress', onKey);
  }
}
