/** Google's generateContent, which Gemini CLI speaks. */
import { formatEvent, type Move, type Protocol } from './protocol.js';

interface GenerateRequest {
  readonly contents?: readonly { readonly parts?: readonly { readonly functionResponse?: { readonly response?: unknown } }[] }[];
  readonly tools?: readonly { readonly functionDeclarations?: readonly { readonly name: string }[] }[];
}

export const generateContent: Protocol<GenerateRequest> = {
  path: /:(streamG|g)enerateContent$/,
  isStreamed: (_, path) => path.endsWith(':streamGenerateContent'),
  parse: ({ contents = [], tools = [] }) => ({
    tools: tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations).map(({ name }) => ({ name })),
    results: contents
      .flatMap(({ parts = [] }) => parts)
      .flatMap(({ functionResponse }) => (functionResponse ? [JSON.stringify(functionResponse.response)] : [])),
  }),
  createResponse,
  createEvents: (move) => [formatEvent(createResponse(move))],
};

function createResponse(move: Move): object {
  const part = 'say' in move ? { text: move.say } : { functionCall: { name: move.call.name, args: {} } };
  const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
  return { candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }], usageMetadata };
}
