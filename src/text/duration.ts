const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** Formats a duration in its largest unit, rounded down, as `59 minutes`. */
export function formatDuration(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  const [unit, size] = units.find(([, one]) => whole >= one) ?? ['second', 1];
  const count = Math.floor(whole / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Converts milliseconds to seconds; undefined if the value is not a number. */
export function toSeconds(milliseconds: unknown): number | undefined {
  return typeof milliseconds === 'number' ? milliseconds / 1000 : undefined;
}
