/** A language model that is played: what it does is decided by this script. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from '../../test/helpers/listen.js';
import { chatCompletions } from './protocols/chat-completions.js';
import { generateContent } from './protocols/generate-content.js';
import { messages } from './protocols/messages.js';
import { type Move, type Protocol, type Tool, type Turn } from './protocols/protocol.js';
import { responses } from './protocols/responses.js';

const protocols = [chatCompletions, messages, responses, generateContent] as readonly Protocol[];

/** Decides what the model does. Apps ask for titles and the like too, without tools. */
export type Player = (turn: Turn) => Move | Promise<Move>;

export interface Model {
  readonly origin: string;
  /** Whether an app has offered this tool to the player. */
  wasOffered(tool: string): boolean;
  /** From now on, this player decides. */
  play(player: Player): void;
  close(): Promise<void>;
}

export async function startModel(): Promise<Model> {
  let play: Player = playGreeting;
  let turns: Turn[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await readBody(request);
    const { pathname } = new URL(request.url ?? '', 'http://127.0.0.1');
    const protocol = request.method === 'POST' ? protocols.find((one) => one.path.test(pathname)) : undefined;
    if (protocol === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { type: 'not_found_error', code: 404, message: 'This model only chats.' } }));
      return;
    }
    const body = JSON.parse(text) as object;
    const turn = protocol.parse(body);
    turns.push(turn);
    const move = await play(turn);
    const isStreamed = protocol.isStreamed(body, pathname);
    response.writeHead(200, { 'content-type': isStreamed ? 'text/event-stream' : 'application/json' });
    response.end(isStreamed ? protocol.createEvents(move).join('') : JSON.stringify(protocol.createResponse(move)));
  };
  const { origin, close } = await listen((request, response) => {
    void respond(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  return {
    origin,
    wasOffered: (tool) => turns.some(({ tools }) => findTool(tools, tool) !== undefined),
    play: (player) => {
      play = player;
      turns = [];
    },
    close,
  };
}

/** The tool of an MCP server with this name. Apps put the server's name before it. */
export function findTool(tools: readonly Tool[], wanted: string): Tool | undefined {
  return tools.find(({ name }) => name === wanted || (name.endsWith(wanted) && /[.:_-]$/.test(name.slice(0, -wanted.length))));
}

/** Calls the tool `greet` if the app offers it, and repeats what comes back. */
export function playGreeting({ tools, results }: Turn): Move {
  const call = findTool(tools, 'greet');
  const last = results.at(-1);
  return call === undefined || last !== undefined ? { say: `It said: ${String(last)}` } : { call };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
