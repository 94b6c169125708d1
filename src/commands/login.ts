import { findLoginAgent, type LoginAtAgent } from '../agent-client/login.js';
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { getFlow, formatFlowNames, flows } from '../flows/index.js';
import { loginHereOrAtAgent } from '../login/here-or-at-agent.js';
import { login as logIn, type LoginRequest, type LoginResult } from '../login/login.js';
import { quote, redactUrl } from '../text/server-text.js';
import { canRenew } from '../session/renewal.js';
import { getRemainingSeconds } from '../store/freshness.js';
import { finishLogin, startLogin } from '../login/two-steps.js';
import type { Verification } from '../login/verification.js';
import { groupOptions, type Command, type CommandInput, type CommandOption } from './command.js';
import { readServerOptions, scopeOption, serverOptions } from './authorization-server-options.js';
import { findAgentTarget, findTarget, type LoginTarget } from '../login/target.js';
import { clientOptions, readClientOptions } from './client-options.js';
import { assertionOptions, readAssertionOptions } from './assertion-options.js';
import { formatDuration } from '../text/duration.js';
import { parseSeconds } from './seconds-option.js';

const options = [
  { flags: '--no-browser', help: 'do not open a browser: print a URL or a code to use on another device' },
  { flags: '--no-relay', help: 'do not use the relay that mcp-auth config relay has set' },
  { flags: '--no-agent', help: 'do not ask the agent of another machine: log in on this one' },
  { flags: '--name <name>', help: 'name for the server (default: from its host name)' },
  {
    flags: '--flow <flow>',
    help: `use this flow: ${formatFlowNames()}`,
    parse: (name) => getFlow(name).name,
    complete: flows.map(({ name }) => name),
  },
  {
    flags: '--timeout <seconds>',
    help: 'how long to wait for approval (default: 600, or the lifetime of the device code)',
    parse: parseSeconds({ option: '--timeout', least: 1 }),
  },
  { flags: '--no-verify', help: 'do not try the new token at the server' },
  ...groupOptions('Access:', [
    scopeOption,
    { flags: '--challenge <value>', help: 'request the scopes in this WWW-Authenticate value (step-up)' },
  ]),
  ...groupOptions('Output:', [
    { flags: '--qr', help: 'print a QR code even if stderr is not a terminal' },
    { flags: '--no-qr', help: 'do not print a QR code' },
    { flags: '--quiet', help: 'print only what you have to do, and errors' },
    { flags: '--json', help: 'print events as JSON on stdout, one object per line' },
  ]),
  ...groupOptions('Two-step login, for agents and scripts:', [
    { flags: '--start', help: 'print what you need to approve and exit; --finish continues in another process' },
    {
      flags: '--finish [address]',
      help: 'finish a login of --start: read the redirect URL from stdin, or wait until the code is approved',
    },
    { flags: '--attempt <id>', help: 'with --finish: which login to finish, if several were started' },
  ]),
  ...serverOptions,
  ...clientOptions,
  ...assertionOptions,
] as const satisfies readonly CommandOption[];

export type LoginOptions = CommandInput<typeof options>['options'];

export const login: Command<typeof options> = {
  description:
    'Find the authorization server of an MCP server, register a client, ask for your approval in a browser, store the login, and try its token. If this machine has no browser, approve with a URL or a code on any other device.',
  arguments: [{ syntax: '[server]', help: 'URL of an MCP server, or name of a server in the store', complete: 'server' }],
  options,
  examples: [
    'login https://mcp.linear.app/mcp --no-browser',
    'login linear --no-browser --flow paste',
    'login linear --start --json',
    'login wiki --flow client-credentials --client-id robot --private-key robot.pem',
  ],
  run: async ({ arguments: [given], options }, context) => {
    checkSteps(options);
    if (options.finish !== undefined) {
      const { name, attempt, timeout } = options;
      const { server, finish } = parseFinish(given, options.finish);
      report(await finishLogin({ server, name, attempt, timeout, pastedText: finish === true ? undefined : finish }, context), context);
      return;
    }
    const atAgent = mayAskAgent(options) ? await findAgentTarget(given, context) : undefined;
    const target = atAgent ?? (await findTarget({ server: given, name: options.name }, context));
    context.ui.say(`Logging in to ${target.name}, ${formatAddress(target)}`);
    const request = await readRequest({ target, options }, context);
    if (options.start) return start(request, context);
    const agent = mayAskAgent(options) ? await findLoginAgent(context) : undefined;
    if (agent === undefined) {
      report({ ...(await logIn(request, context)), name: target.name }, context);
      return;
    }
    const result = await loginHereOrAtAgent({ agent, request, wanted: atAgent?.name ?? target.expandedUrl, name: options.name }, context);
    if ('here' in result) report({ ...result.here, name: target.name }, context);
    else reportAtAgent(result.there, context);
  },
};

/** The agent has its own clients and settings: what the user says about them here is for a login here. */
function mayAskAgent({ agent = true, ...options }: LoginOptions): boolean {
  const { flow, clientId, workloadTokenFile, idTokenFile, idTokenStdin, header, challenge } = options;
  return agent && [flow, clientId, workloadTokenFile, idTokenFile, idTokenStdin, header, challenge].every((one) => one === undefined);
}

/** The URL as the user wrote it, and its host if that is spelled differently (punycode). */
function formatAddress({ url, expandedUrl }: LoginTarget): string {
  const { host } = new URL(expandedUrl);
  return url.toLowerCase().includes(host) ? redactUrl(url) : `${redactUrl(url)} (at ${host})`;
}

/** `--finish NAME` names the server. A redirect URL is recognised by its parameters. */
function parseFinish(given: string | undefined, finish: string | true): { server: string | undefined; finish: string | true } {
  if (given === undefined && finish !== true && !/[?&#]|(code|error)=/.test(finish)) return { server: finish, finish: true };
  return { server: given, finish };
}

function checkSteps({ start, finish, attempt }: LoginOptions): void {
  if (start && finish !== undefined) throw new AuthError('usage', '--start and --finish cannot be used together.');
  if (attempt !== undefined && finish === undefined) throw new AuthError('usage', '--attempt requires --finish.');
}

async function readRequest({ target, options }: { target: LoginTarget; options: LoginOptions }, context: Context): Promise<LoginRequest> {
  const { challenge, flow, timeout, browser = true, relay = true, verify = true, header } = options;
  return {
    ...target,
    ...{ challenge, flow, timeout, verify },
    client: await readClientOptions(options, context),
    credentials: await readAssertionOptions(options, context),
    newSettings: readServerOptions(options),
    headers: header,
    browserWanted: browser,
    relayWanted: relay,
  };
}

async function start(request: LoginRequest, context: Context): Promise<void> {
  const { attempt, expiresAt, needsRedirectUrl } = await startLogin(request, context);
  const { ui, clock } = context;
  const left = formatDuration((expiresAt - clock.now()) / 1000);
  ui.say();
  ui.say(needsRedirectUrl ? `Then run this within ${left}, with that address on stdin:` : `Then run this within ${left}:`);
  ui.say();
  ui.command(formatCommand`mcp-auth login ${request.name} --finish --attempt ${attempt}`);
}

function report({ name, login, verification }: LoginResult & { name: string }, context: Context): void {
  const { ui, store } = context;
  ui.succeed(`Logged in to ${name}.${verification ? ` ${describeServer(verification)}` : ''}`);
  ui.say(`  Stored in ${store.path}`);
  const left = getRemainingSeconds(login, context);
  const renewal = canRenew(login) ? 'It is renewed automatically.' : 'There is no refresh token: log in again when it expires.';
  if (Number.isFinite(left)) ui.say(`  The token expires in ${formatDuration(left)}. ${renewal}`);
  if (login.tokenType === 'dpop')
    ui.say('  The token is bound to a key in the store (DPoP). A program that takes only a token cannot use it.');
  else ui.say(`  Use it:   ${formatCommand`mcp-auth token ${name}`}`);
  ui.event({ event: 'logged_in', server: name, scope: login.scope, expires_at: login.expiresAtSeconds });
}

function reportAtAgent({ agent: { machine, lendsTokens }, name, scope, expiresAtSeconds }: LoginAtAgent, { ui }: Context): void {
  ui.succeed(`Logged in to ${name} on ${machine}. This machine uses that login through the agent, and stores nothing.`);
  ui.say(`  Use it:   ${lendsTokens ? formatCommand`mcp-auth token ${name}` : formatCommand`mcp-auth bridge ${name}`}`);
  ui.event({ event: 'logged_in', server: name, scope, expires_at: expiresAtSeconds, agent: machine });
}

function describeServer({ serverName, serverVersion, tools }: Verification): string {
  const name = `${serverName} ${serverVersion}`.trim();
  return `It ${name === '' ? '' : `is ${quote(name)} and `}has ${tools} tool${tools === 1 ? '' : 's'}.`;
}
