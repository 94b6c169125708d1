/** OpenAI's chat completions, which most apps speak. */
import { randomUUID } from 'node:crypto';
import { createCall, formatContent, formatEvent, type Move, type Protocol, type Tool } from './protocol.js';

interface ChatRequest {
  readonly stream?: boolean;
  readonly messages?: readonly { readonly role: string; readonly content?: unknown }[];
  readonly tools?: readonly { readonly function?: { readonly name: string } }[];
}

export const chatCompletions: Protocol<ChatRequest> = {
  path: /\/chat\/completions$/,
  isStreamed: ({ stream }) => stream === true,
  parse: ({ messages = [], tools = [] }) => ({
    tools: [...tools.flatMap((one) => (one.function ? [{ name: one.function.name }] : [])), ...readNamedTools(messages)],
    results: messages.filter(({ role }) => role === 'tool').map(({ content }) => formatContent(content)),
  }),
  createResponse: (move) => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const choice = { index: 0, message: createMessage(move), finish_reason: findReason(move) };
    return { ...base, usage, object: 'chat.completion', choices: [choice] };
  },
  createEvents: (move) => {
    const parts = [
      { index: 0, delta: createMessage(move), finish_reason: null },
      { index: 0, delta: {}, finish_reason: findReason(move) },
    ];
    return [...parts.map((part) => formatEvent({ ...base, object: 'chat.completion.chunk', choices: [part] })), formatEvent('[DONE]')];
  },
};

/** Qwen Code only names the tools of MCP servers, in a text, one per line. Its tool `tool_call` calls them. */
function readNamedTools(messages: NonNullable<ChatRequest['messages']>): Tool[] {
  const texts = messages.filter(({ role }) => role === 'user').map(({ content }) => formatContent(content));
  const names = texts.flatMap((text) => [...text.matchAll(/^- "(mcp__\w+)": /gm)].map(([, name = '']) => name));
  return names.map((name) => ({ name, call: { name: 'tool_call', arguments: { name, arguments: {} } } }));
}

const base = { id: 'completion-1', created: 1, model: 'test' };

function createMessage(move: Move): object {
  if ('say' in move) return { role: 'assistant', content: move.say };
  const { name, arguments: given } = createCall(move.call);
  const called = { name, arguments: JSON.stringify(given) };
  const call = { index: 0, id: `call_${randomUUID()}`, type: 'function', function: called };
  return { role: 'assistant', content: null, tool_calls: [call] };
}

function findReason(move: Move): string {
  return 'call' in move ? 'tool_calls' : 'stop';
}
