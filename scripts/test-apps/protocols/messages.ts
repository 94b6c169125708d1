/** Anthropic's messages, which Claude Code speaks. */
import { randomUUID } from 'node:crypto';
import { createCall, formatContent, formatEvent, type Move, type Protocol, type Tool } from './protocol.js';

interface Block {
  readonly type: string;
  readonly content?: unknown;
  readonly text?: string;
}

interface MessagesRequest {
  readonly stream?: boolean;
  readonly messages?: readonly { readonly content: string | readonly Block[] }[];
  readonly tools?: readonly { readonly name: string }[];
}

export const messages: Protocol<MessagesRequest> = {
  path: /\/v1\/messages$/,
  isStreamed: ({ stream }) => stream === true,
  parse: ({ messages: said = [], tools = [] }) => ({
    tools: [...tools.map(({ name }) => ({ name })), ...readNamedTools(readBlocks(said))],
    results: readBlocks(said)
      .filter(({ type }) => type === 'tool_result')
      .map(({ content }) => formatContent(content)),
  }),
  createResponse: (move) => ({ ...createMessage(), content: [createBlock(move)], stop_reason: findReason(move) }),
  createEvents: (move) => {
    const block = createBlock(move);
    const [start, delta] =
      'say' in move
        ? [
            { ...block, text: '' },
            { type: 'text_delta', text: move.say },
          ]
        : [
            { ...block, input: {} },
            { type: 'input_json_delta', partial_json: JSON.stringify(createCall(move.call).arguments) },
          ];
    const events = [
      { type: 'message_start', message: createMessage() },
      { type: 'content_block_start', index: 0, content_block: start },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: findReason(move), stop_sequence: null }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ];
    return events.map((event) => formatEvent(event, event.type));
  },
};

function readBlocks(said: NonNullable<MessagesRequest['messages']>): Block[] {
  return said.flatMap(({ content }) => (typeof content === 'string' ? [{ type: 'text', text: content }] : content));
}

/** Claude Code only names the tools of MCP servers, in a text, one per line. It offers them once the model has searched for them. */
function readNamedTools(blocks: readonly Block[]): Tool[] {
  const names = blocks.flatMap(({ text = '' }) => text.match(/^mcp__\w+$/gm) ?? []);
  return names.map((name) => ({ name, call: { name: 'ToolSearch', arguments: { query: `select:${name}` } } }));
}

function createMessage(): object {
  const usage = { input_tokens: 1, output_tokens: 1 };
  return { id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model: 'test', content: [], stop_reason: null, usage };
}

function createBlock(move: Move): object {
  if ('say' in move) return { type: 'text', text: move.say };
  const { name, arguments: input } = createCall(move.call);
  return { type: 'tool_use', id: `toolu_${randomUUID().replaceAll('-', '')}`, name, input };
}

function findReason(move: Move): string {
  return 'call' in move ? 'tool_use' : 'end_turn';
}
