import type { Context } from '../../context.js';
import type { WayToAsk } from '../questions.js';

/** Asks in the terminal that the agent runs in, one question after another. Without a terminal, there is no answer. */
export function createTerminalWay({ ui }: Pick<Context, 'ui'>): WayToAsk {
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: 'terminal',
    ask: ({ id, text }, signal) => {
      if (ui.input !== 'terminal') return Promise.resolve(undefined);
      const ask = async () => {
        if (signal.aborted) return undefined;
        ui.say(text);
        // With a mere “y”, an answer that is being typed could be taken for another question that has just replaced this one.
        const answer = await ui.ask({ message: `To allow it, type ${id}. Anything else denies it:`, signal }).catch(() => undefined);
        return answer === undefined ? undefined : answer.trim() === id;
      };
      const answer = last.then(ask);
      last = answer;
      return answer;
    },
  };
}
