/** What the APIs of language models have in common: an app offers tools, the model calls one or says something. */

export interface Tool {
  /** As the app calls it: the name of the MCP server may stand before it. */
  readonly name: string;
  readonly namespace?: string;
  /** What the model calls to reach it, if the app only names it in a text. */
  readonly call?: Call;
}

export interface Call {
  readonly name: string;
  readonly arguments: object;
}

/** What an app sends to the model. */
export interface Turn {
  readonly tools: readonly Tool[];
  /** The results of all tool calls of the conversation, oldest first. */
  readonly results: readonly string[];
}

/** What the model does next. */
export type Move = { readonly say: string } | { readonly call: Tool };

export interface Protocol<Body = object> {
  /** The paths of its requests. */
  readonly path: RegExp;
  /** Whether the app wants the response as a stream of events. */
  isStreamed(body: Body, path: string): boolean;
  parse(body: Body): Turn;
  /** The response as JSON. */
  createResponse(move: Move): object;
  /** The response as a stream: the text of each event. */
  createEvents(move: Move): string[];
}

/** The call of a tool that takes nothing. */
export function createCall({ name, call = { name, arguments: {} } }: Tool): Call {
  return call;
}

/** An event of a stream. */
export function formatEvent(data: object | string, event?: string): string {
  const line = typeof data === 'string' ? data : JSON.stringify(data);
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${line}\n\n`;
}

/** The content of a tool result, which is a text or has parts, as text. */
export function formatContent(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  const texts = parts.map((part) => (part as { text?: unknown }).text);
  return parts.length > 0 && texts.every((text) => typeof text === 'string') ? texts.join('\n') : JSON.stringify(content ?? null);
}
