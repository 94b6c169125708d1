const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A duration in seconds as a person says it, in its largest unit: `59 minutes`. */
export function formatDuration(duration: number): string {
  const whole = Math.floor(Math.abs(duration));
  const [unit, size] = units.find(([, one]) => whole >= one) ?? ['second', 1];
  const count = Math.floor(whole / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
