/** OpenAI's responses, which Codex speaks. It offers the tools of a server as a namespace. */
import { randomUUID } from 'node:crypto';
import { formatContent, formatEvent, type Move, type Protocol, type Tool } from './protocol.js';

interface OfferedTool {
  readonly type: string;
  readonly name?: string;
  readonly tools?: readonly OfferedTool[];
}

interface ResponsesRequest {
  readonly stream?: boolean;
  readonly input?: string | readonly { readonly type: string; readonly output?: unknown }[];
  readonly tools?: readonly OfferedTool[];
}

export const responses: Protocol<ResponsesRequest> = {
  path: /\/responses$/,
  isStreamed: ({ stream }) => stream === true,
  parse: ({ input = [], tools = [] }) => ({
    tools: tools.flatMap((tool) => readTools(tool)),
    results: (typeof input === 'string' ? [] : input)
      .filter(({ type }) => type === 'function_call_output')
      .map(({ output }) => formatContent(output)),
  }),
  createResponse: (move) => ({ ...createBase(), object: 'response', status: 'completed', output: [createItem(move)] }),
  createEvents: (move) => {
    const response = createBase();
    const events = [
      { type: 'response.created', response },
      { type: 'response.output_item.done', output_index: 0, item: createItem(move) },
      { type: 'response.completed', response },
    ];
    return events.map((event) => formatEvent(event, event.type));
  },
};

function readTools({ type, name = '', tools = [] }: OfferedTool): Tool[] {
  if (type === 'function') return [{ name }];
  return type === 'namespace' ? tools.flatMap(readTools).map((tool) => ({ ...tool, namespace: name })) : [];
}

function createBase(): object {
  const usage = { input_tokens: 1, input_tokens_details: null, output_tokens: 1, output_tokens_details: null, total_tokens: 2 };
  return { id: `resp_${randomUUID()}`, usage };
}

function createItem(move: Move): object {
  const id = randomUUID();
  if ('call' in move) {
    const { name, namespace } = move.call;
    return { type: 'function_call', id: `fc_${id}`, call_id: `call_${id}`, name, namespace, arguments: '{}' };
  }
  return { type: 'message', id: `msg_${id}`, role: 'assistant', content: [{ type: 'output_text', text: move.say }] };
}
