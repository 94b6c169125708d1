/**
 * How the app shows the user the address of a login: URL elicitation, which each version of MCP has in another form. The page is of
 * a third party, the authorization server, as the section "URL Mode Elicitation for OAuth Flows" describes. A pasted address is
 * never asked for in form mode, which must not be used for anything sensitive.
 */
import type { BinaryString } from '../../effects.js';
import type { StartedLogin } from '../../login/two-steps.js';
import { createErrorResponse, createNotification, createOwnId, createRequest, createResponse, jsonRpcErrorCodes } from '../json-rpc.js';
import { inputRequestName, type AppRequest } from './app-request.js';

/** What the app is asked to show. */
export interface Shown {
  readonly login: StartedLogin;
  readonly message: string;
}

export interface ElicitationForm {
  /** The name of the MCP feature. */
  readonly name: string;
  /** Whether the app understands it for this request. */
  fits(request: AppRequest): boolean;
  /** Whether the app waits for `notifications/elicitation/complete`. */
  readonly hasCompletion: boolean;
  /** The message to send: to the app as a request of ours, or as the response to its own request, which it then sends again. */
  create(shown: Shown, request: AppRequest): { readonly kind: 'request' | 'response'; readonly text: BinaryString };
}

/** The id of our request, by which its response is recognised. */
export function getElicitationId(attempt: string): string {
  return createOwnId(attempt);
}

const inputRequired: ElicitationForm = {
  name: 'input_required (MCP 2026-07-28)',
  fits: ({ isStateless, canShowUrl }) => isStateless && canShowUrl,
  hasCompletion: false,
  create: ({ login, message }, request) => ({
    kind: 'response',
    text: createResponse(request.message.id, {
      resultType: 'input_required',
      inputRequests: { [inputRequestName]: { method: 'elicitation/create', params: { mode: 'url', url: login.address, message } } },
      requestState: login.attempt,
    }),
  }),
};

const elicitationCreate: ElicitationForm = {
  name: 'elicitation/create (MCP 2025-11-25)',
  fits: ({ isStateless, canShowUrl, method }) => !isStateless && canShowUrl && method === 'tools/call',
  hasCompletion: true,
  create: ({ login, message }) => ({
    kind: 'request',
    text: createRequest(getElicitationId(login.attempt), 'elicitation/create', createParams({ login, message })).text,
  }),
};

/** For a request that has no result in which the address could be shown. A tool call has one. */
const urlRequiredError: ElicitationForm = {
  name: 'error -32042 (MCP 2025-11-25)',
  fits: ({ isStateless, canShowUrl, method }) => !isStateless && canShowUrl && method !== 'tools/call',
  hasCompletion: true,
  create: ({ login, message }, request) => ({
    kind: 'response',
    text: createErrorResponse(request.message.id, {
      code: jsonRpcErrorCodes.urlElicitationRequired,
      message: 'This request requires a login.',
      data: { elicitations: [createParams({ login, message })] },
    }),
  }),
};

/** At most one fits. */
export const elicitationForms: readonly ElicitationForm[] = [inputRequired, elicitationCreate, urlRequiredError];

function createParams({ login, message }: Shown): Record<string, unknown> {
  return { mode: 'url', elicitationId: getElicitationId(login.attempt), url: login.address, message };
}

/** Tells the app that the user has logged in, so that it closes its dialog. */
export function createCompletion(attempt: string): BinaryString {
  return createNotification('notifications/elicitation/complete', { elicitationId: getElicitationId(attempt) });
}

/** Withdraws our request, which needs no answer any more. */
export function createCancellation(attempt: string): BinaryString {
  return createNotification('notifications/cancelled', { requestId: getElicitationId(attempt), reason: 'The user has logged in.' });
}
