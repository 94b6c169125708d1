/** What a relay counts, for Prometheus. Nothing says who logs in where. */
const counters = {
  opened: 'Sessions opened by terminals.',
  answered: 'Authorization responses received.',
  wrong_codes: 'Short codes that were wrong.',
  expired: 'Sessions that expired.',
} as const;

export type Counter = keyof typeof counters;

export interface Tally {
  add(counter: Counter, amount?: number): void;
  /** The text of `/metrics`, with what is true now. */
  format(now: { readonly sessions: number; readonly waiting: number }): string;
}

export function createTally(): Tally {
  const counts = new Map<Counter, number>();
  return {
    add: (counter, amount = 1) => void counts.set(counter, (counts.get(counter) ?? 0) + amount),
    format: ({ sessions, waiting }) => {
      const gauges = [
        formatMetric({ name: 'sessions', help: 'Sessions open now.', type: 'gauge', value: sessions }),
        formatMetric({ name: 'polls_waiting', help: 'Requests that wait now, in this process.', type: 'gauge', value: waiting }),
      ];
      const totals = Object.entries(counters).map(([name, help]) =>
        formatMetric({ name: `${name}_total`, help, type: 'counter', value: counts.get(name as Counter) ?? 0 }),
      );
      return [...gauges, ...totals].join('');
    },
  };
}

function formatMetric({ name, help, type, value }: { name: string; help: string; type: string; value: number }): string {
  const full = `mcp_auth_relay_${name}`;
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full} ${value}\n`;
}
