/** A request of the app, read in full: what the bridge needs to know of it when it answers by itself. */
import { fromBinary, toBinary } from '../../text/binary-string.js';
import { isObject, parseObject } from '../../text/json.js';
import type { Message, RequestMessage } from '../json-rpc.js';

type Params = Readonly<Record<string, unknown>>;

export interface AppRequest {
  readonly message: RequestMessage;
  readonly method: string;
  readonly params: Params;
  /** Whether the request states its own version, as every request does as of MCP 2026-07-28. */
  readonly isStateless: boolean;
  /** Whether the app says that it can show a URL to the user (`elicitation.url`). */
  readonly canShowUrl: boolean;
  /** Where the app wants to be told of progress. */
  readonly progressToken?: string | number;
  /** What the user did with the URL of an earlier `input_required` (MCP 2026-07-28), and for which attempt. */
  readonly inputResponse?: { readonly action: string; readonly attempt: string };
}

/** The name of our one input request in an `input_required` result. */
export const inputRequestName = 'mcp_auth_login';

const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';

/** @param initialize the app's own `initialize`, whose capabilities apply to all its requests. */
export function parseAppRequest(message: RequestMessage, initialize: Message | undefined): AppRequest {
  const params = parseParams(message);
  const meta = isObject(params['_meta']) ? params['_meta'] : {};
  const isStateless = message.protocolVersion !== undefined;
  const capabilities = isStateless ? meta[capabilitiesKey] : initialize && parseParams(initialize)['capabilities'];
  const { progressToken } = meta;
  const inputResponse = parseInputResponse(params);
  return {
    message,
    method: message.method ?? '',
    params,
    isStateless,
    canShowUrl: canShowUrl(capabilities),
    ...((typeof progressToken === 'string' || typeof progressToken === 'number') && { progressToken }),
    ...(inputResponse && { inputResponse }),
  };
}

/** Whether the app may have sent the request again after an `input_required` of ours. */
export function isRepeated({ protocolVersion, text }: Message): boolean {
  return protocolVersion !== undefined && text.includes(`"${inputRequestName}"`);
}

/** The members of `params`; none if there are none. */
export function parseParams({ text }: Message): Params {
  const params = parseObject(fromBinary(text))?.['params'];
  return isObject(params) ? params : {};
}

/** The request without the answers to the bridge's own questions, which are not for the server. */
export function withoutInputResponse({ message, inputResponse }: AppRequest): RequestMessage {
  const value = inputResponse && parseObject(fromBinary(message.text));
  if (!value || !isObject(value['params'])) return message;
  const params = { ...value['params'] };
  delete params['inputResponses'];
  delete params['requestState'];
  return { ...message, text: toBinary(JSON.stringify({ ...value, params })) };
}

function canShowUrl(capabilities: unknown): boolean {
  const elicitation = isObject(capabilities) ? capabilities['elicitation'] : undefined;
  return isObject(elicitation) && isObject(elicitation['url']);
}

function parseInputResponse({ inputResponses, requestState }: Params): AppRequest['inputResponse'] {
  const response = isObject(inputResponses) ? inputResponses[inputRequestName] : undefined;
  if (!isObject(response) || typeof response['action'] !== 'string' || typeof requestState !== 'string') return undefined;
  return { action: response['action'], attempt: requestState };
}
