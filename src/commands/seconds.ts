import { AuthError } from '../errors.js';

/** Reads a whole number of seconds from the command line, at least `least`. */
export function seconds({ option, least }: { option: string; least: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new AuthError('usage', `${option} takes a whole number of seconds, ${least} or more.`);
  };
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A duration in seconds as a person says it, in its largest unit: `59 minutes`. */
export function inWords(duration: number): string {
  const whole = Math.floor(Math.abs(duration));
  const [unit, size] = units.find(([, one]) => whole >= one) ?? ['second', 1];
  const count = Math.floor(whole / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
