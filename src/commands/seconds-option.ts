import { AuthError } from '../errors.js';

/** Creates a parser for a whole number of seconds that is at least `least`. */
export function parseSeconds({ option, least }: { option: string; least: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new AuthError('usage', `${option} takes a whole number of seconds, ${least} or more.`);
  };
}
