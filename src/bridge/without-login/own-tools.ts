/** The bridge's own tools, which the app has while there is no login, and the texts of their results. */
import { formatCommand } from '../../text/command-line.js';
import { formatDuration } from '../../text/duration.js';
import { isObject } from '../../text/json.js';
import type { StartedLogin } from '../../login/two-steps.js';

export const logInTool = 'log_in';
export const finishLoginTool = 'finish_login';

/** A call changes nothing by itself: only the user's approval does, at the page. So no app has to ask before it. */
const logInAnnotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false };
const finishLoginAnnotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: true };

const toolDefinitions = [
  {
    name: logInTool,
    title: 'Log in',
    description:
      'Log in to this MCP server. Returns an address, and a code if there is one, for the user to open on any device. Call it again after the user has approved.',
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    annotations: logInAnnotations,
  },
  {
    name: finishLoginTool,
    title: 'Finish the login',
    description:
      'Finish a login that log_in has started, with the address that the browser ended on. That address is as good as a password until it is used. Never write it to a file, and do not repeat it.',
    inputSchema: {
      type: 'object',
      properties: { redirect_url: { type: 'string', description: 'The whole address of the page that the browser ended on.' } },
      required: ['redirect_url'],
      additionalProperties: false,
    },
    annotations: finishLoginAnnotations,
  },
] as const;

/** The tools of the server that are known, then our own, which replace tools of the same name. */
export function listTools(known: readonly unknown[], { needsRedirectUrl }: { needsRedirectUrl: boolean }): unknown[] {
  const own = toolDefinitions.filter(({ name }) => needsRedirectUrl || name !== finishLoginTool);
  return [...known.filter((tool) => !isOwnTool(tool)), ...own];
}

function isOwnTool(tool: unknown): boolean {
  return isObject(tool) && toolDefinitions.some(({ name }) => name === tool['name']);
}

/** For the model, in the answer to `initialize`. */
export const instructions =
  'This MCP server requires a login, and there is none on this machine yet. Call the tool log_in and show its result to the user. The other tools work as soon as the user has logged in.';

interface InvitationText {
  readonly login: StartedLogin;
  /** The server's name in the store. */
  readonly server: string;
  /** What is wrong or has to be done, as a sentence. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What the user has to do, as the text of a tool result. Every address in it has been checked by the login. */
export function formatInvitation({ login, server, reason, now }: InvitationText): string {
  const left = formatDuration((login.expiresAt - now) / 1000);
  return [reason, '', ...(login.needsRedirectUrl ? formatPasteSteps(login, { server, left }) : formatCodeSteps(login, left))].join('\n');
}

function formatCodeSteps({ address, userCode = '' }: StartedLogin, left: string): string[] {
  return [
    'Ask the user to open this address on any device:',
    address,
    `and to enter the code: ${userCode}`,
    '',
    `The code expires in ${left}. When the user has approved, call this tool again.`,
  ];
}

function formatPasteSteps({ address, attempt }: StartedLogin, { server, left }: { server: string; left: string }): string[] {
  return [
    'Ask the user to open this address in a browser and to approve:',
    address,
    '',
    `The browser then ends on a page that may not load. The address of that page finishes the login. It is as good as a password until it is used. The user can give it in one of two ways, within ${left}:`,
    `- in a terminal on this machine, where nothing keeps it: ${formatCommand`mcp-auth login ${server} --finish --attempt ${attempt}`}`,
    `- here in the conversation, which keeps it: then call ${finishLoginTool} with it.`,
    '',
    'When the login is finished, call this tool again.',
  ];
}

/** What a call waits for, as the message of its progress, which some apps show the user. */
export function formatWaiting({ address, userCode }: StartedLogin): string {
  return userCode === undefined ? 'Waiting for the user to log in' : `Waiting for the user to enter the code ${userCode} at ${address}`;
}

/** The message of a URL elicitation: what to do at the page. The code comes first, because apps cut a long message off. */
export function formatElicitation({ userCode, needsRedirectUrl }: StartedLogin, serverHost: string): string {
  const code = userCode === undefined ? '' : `Enter the code ${userCode}. `;
  const copying = needsRedirectUrl ? ' Then copy the address of the page that the browser ends on, even if it does not load.' : '';
  return `${code}You log in to ${serverHost}.${copying} Approve only what you have asked for.`;
}
