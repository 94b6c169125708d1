/** A recording in asciinema's format, version 2: one line of JSON for the window and one for each output. */
export interface Cast {
  /** What it shows. */
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /** Seconds from the start, and the output at that time. */
  readonly events: readonly (readonly [at: number, text: string])[];
}

/** Longer pauses are shortened to this, in seconds. */
const maxPauseSeconds = 2;

export function formatCast({ title, columns, rows, events }: Cast): string {
  const header = { version: 2, width: columns, height: rows, title, env: { TERM: 'xterm-256color' } };
  return [header, ...events.map(([at, text]) => [at, 'o', text])].map((line) => `${JSON.stringify(line)}\n`).join('');
}

export function parseCast(text: string): Cast {
  const [header = '{}', ...lines] = text.trim().split('\n');
  const { title, width: columns, height: rows } = JSON.parse(header) as { title: string; width: number; height: number };
  const events = lines.map((line) => JSON.parse(line) as [number, string, string]).map(([at, , printed]) => [at, printed] as const);
  return { title, columns, rows, events };
}

/** Shortens long pauses. */
export function shortenPauses(cast: Cast): Cast {
  let cut = 0;
  let before = 0;
  const events = cast.events.map(([at, text]) => {
    cut += Math.max(0, at - before - maxPauseSeconds);
    before = at;
    return [Number((at - cut).toFixed(2)), text] as const;
  });
  return { ...cast, events };
}
