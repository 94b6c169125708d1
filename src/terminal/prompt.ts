/** Prompts at a terminal, by inquirer. */
import { createInterruptedError } from '../errors.js';

interface PromptStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal | undefined;
}

/** Asks for one line. `secret` masks it. */
export async function promptText({ message, secret, ...streams }: { message: string; secret: boolean } & PromptStreams): Promise<string> {
  return secret
    ? runPrompt<string>({ type: 'password', message, mask: true }, streams)
    : runPrompt<string>({ type: 'input', message }, streams);
}

/** Asks for one of several choices, selected with the arrow keys. */
export async function promptChoice<T>({
  message,
  choices,
  ...streams
}: { message: string; choices: { name: string; value: T }[] } & PromptStreams): Promise<T> {
  return runPrompt<T>({ type: 'select', message, choices }, streams);
}

/** Runs one inquirer prompt on stderr. Ctrl-C, Ctrl-D and the signal end it and restore the terminal. */
async function runPrompt<T>(question: object, { stdin, stderr, signal }: PromptStreams): Promise<T> {
  signal?.throwIfAborted();
  const { default: inquirer } = await import('inquirer');
  const ended = new AbortController();
  const end = () => ended.abort(createInterruptedError());
  // Ctrl-D closes the readline interface that inquirer reads from, which inquirer does not notice.
  const onKey = (_: unknown, key: { ctrl?: boolean; name?: string } | undefined) => {
    if (key?.ctrl && key.name === 'd') end();
  };
  stdin.on('keypress', onKey);
  const anySignal = AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]);
  try {
    const prompt = inquirer.createPromptModule({ input: stdin, output: stderr, signal: anySignal, clearPromptOnDone: true });
    const answers = (await prompt([{ ...question, name: 'answer' }] as never)) as { answer: T };
    return answers.answer;
  } catch (error) {
    if (anySignal.aborted) throw anySignal.reason;
    if (error instanceof Error && error.name === 'ExitPromptError') throw createInterruptedError();
    throw error;
  } finally {
    stdin.off('keypress', onKey);
  }
}
