import type { Context } from '../../context.js';
import type { WayToAsk } from '../questions.js';

/** Asks in the terminal that the agent runs in, one question after another. Without a terminal, there is no answer. */
export function createTerminalWay({ ui }: Pick<Context, 'ui'>): WayToAsk {
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: 'terminal',
    ask: ({ text }, signal) => {
      if (ui.input !== 'terminal') return Promise.resolve(undefined);
      const ask = async () => {
        if (signal.aborted) return undefined;
        ui.say(text);
        const answer = await ui.ask({ message: 'Allow it? [y/N]', signal }).catch(() => undefined);
        return answer === undefined ? undefined : /^\s*y(es)?\s*$/i.test(answer);
      };
      const answer = last.then(ask);
      last = answer;
      return answer;
    },
  };
}
