/** What `agent status` prints. */
import type { AgentStatus, IdentityStatus, ShareStatus } from '../agent-protocol/messages.js';
import type { Context } from '../context.js';
import { formatDuration } from '../text/duration.js';
import { formatTable } from './table.js';

/** Lines for the user. */
export function describeStatus(status: AgentStatus, { clock }: Pick<Context, 'clock'>): string[] {
  const now = clock.now() / 1000;
  const ago = (seconds: number) => `${formatDuration(now - seconds)} ago`;
  const { shares, questions, seal } = status;
  return [
    `The agent for ${status.store ?? ''} runs on ${status.machine} (mcp-auth ${status.version}, started ${ago(status.since)}).`,
    ...(seal ? [describeSeal(seal, now)] : []),
    ...(shares.length === 0 ? ['No other machine can use your logins.'] : formatTable([heads, ...shares.map((one) => toRow(one, ago))])),
    ...questions.flatMap(({ id, text, since }) => [
      `Question ${id}, ${ago(since)}: ${text}`,
      `  To answer, run: mcp-auth agent allow ${id}     or: mcp-auth agent deny ${id}`,
    ]),
  ];
}

function describeSeal({ locked, identity, until }: IdentityStatus, now: number): string {
  if (locked) return 'The store is sealed, and the agent is locked. Run: mcp-auth agent unlock';
  if (identity === undefined) return 'The store is sealed, and the agent has no identity. Run: mcp-auth agent unlock';
  const end = until === undefined ? '' : `, for ${formatDuration(until - now)}`;
  return `The store is sealed, and the agent is unlocked${end}.`;
}

const heads = ['HOST', 'MAY USE', 'MAY GET', 'CONNECTIONS', 'SINCE', 'USED'];

function toRow(
  { host, only, lends_tokens: lendsTokens, connections, since, used, lasting }: ShareStatus,
  ago: (seconds: number) => string,
): string[] {
  const uses = used.map(({ server, requests, tokens, last }) => {
    const counts = [`${requests} requests`, ...(tokens > 0 ? [`${tokens} tokens`] : [])];
    return `${server}: ${counts.join(', ')}, ${ago(last)}`;
  });
  return [
    host,
    only?.join(', ') ?? 'asks you',
    lendsTokens ? 'requests, tokens' : 'requests',
    String(connections),
    `${ago(since)}${lasting ? ' (lasting)' : ''}`,
    uses.join('; ') || 'nothing',
  ];
}
