/** A language model that is played: it calls the tool `greet` if the app offers it, and repeats what comes back. */
import type { IncomingMessage } from 'node:http';
import { listen } from '../../test/helpers/listen.js';

export interface Model {
  readonly origin: string;
  /** Forgets the requests so far. */
  clear(): void;
  /** Whether an app has offered a tool with this name, or with a name that ends with it. */
  wasOffered(tool: string): boolean;
  close(): Promise<void>;
}

interface ChatRequest {
  readonly stream?: boolean;
  readonly messages?: readonly { readonly role: string; readonly content?: unknown }[];
  readonly tools?: readonly { readonly function?: { readonly name: string } }[];
}

/** It speaks OpenAI's chat completions. Apps that speak another protocol get an error, after they have sent their tools. */
export async function startModel(): Promise<Model> {
  let requests: string[] = [];
  const { origin, close } = await listen((request, response) => {
    void readBody(request).then((body) => {
      requests.push(body);
      const isChat = request.url?.endsWith('/chat/completions') === true;
      if (!isChat) {
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { type: 'invalid_request_error', code: 400, message: 'This model only chats.' } }));
        return;
      }
      const chat = JSON.parse(body) as ChatRequest;
      response.writeHead(200, { 'content-type': chat.stream === true ? 'text/event-stream' : 'application/json' });
      response.end(chat.stream === true ? formatStream(chat) : JSON.stringify(createCompletion(chat)));
    });
  });
  return {
    origin,
    clear: () => void (requests = []),
    // The name stands in quotes, after the app's name for the server.
    wasOffered: (tool) => requests.some((body) => new RegExp(`[".:_-]${tool}["\\\\]`).test(body)),
    close,
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

function createMessage({ messages = [], tools = [] }: ChatRequest) {
  const last = messages.at(-1);
  const tool = tools.map((one) => one.function?.name ?? '').find((name) => name.endsWith('greet'));
  if (tool === undefined || last?.role === 'tool') return { role: 'assistant', content: `It said: ${JSON.stringify(last?.content)}` };
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: tool, arguments: '{}' } };
  return { role: 'assistant', content: null, tool_calls: [call] };
}

const base = { id: 'completion-1', created: 1, model: 'test' };

function createCompletion(chat: ChatRequest) {
  const message = createMessage(chat);
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  return { ...base, usage, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: findReason(message) }] };
}

function formatStream(chat: ChatRequest): string {
  const message = createMessage(chat);
  const parts = [
    { index: 0, delta: message, finish_reason: null },
    { index: 0, delta: {}, finish_reason: findReason(message) },
  ];
  const lines = parts.map((part) => JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [part] }));
  return [...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join('');
}

function findReason(message: object): string {
  return 'tool_calls' in message ? 'tool_calls' : 'stop';
}
