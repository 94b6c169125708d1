import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { getFlow, formatFlowNames, flows } from '../flows/index.js';
import { login as logIn, type LoginRequest, type LoginResult } from '../login/login.js';
import { quote, redactUrl } from '../text/server-text.js';
import { canRenew } from '../session/renewal.js';
import { getRemainingSeconds } from '../store/freshness.js';
import { finishLogin, startLogin } from '../login/two-steps.js';
import type { Verification } from '../login/verification.js';
import type { Command, CommandOption } from './command.js';
import { acceptDefault, readServerOptions, serverOptions, type ServerWords } from './authorization-server-options.js';
import { findTarget, type LoginTarget } from '../login/target.js';
import { clientOptions, readClientOptions, type ClientWords } from './client-options.js';
import { assertionOptions, readAssertionOptions, type ProofWords } from './assertion-options.js';
import { formatDuration } from '../text/duration.js';
import { parseSeconds } from './seconds-option.js';

interface Options extends ClientWords, ProofWords, ServerWords {
  name?: string;
  browser: boolean;
  flow?: string;
  challenge?: string;
  timeout?: number;
  verify: boolean;
  start?: boolean;
  finish?: string | true;
  attempt?: string;
}

const twoSteps: readonly CommandOption[] = [
  { flags: '--start', help: 'show what is needed and end at once; --finish goes on in another process' },
  {
    flags: '--finish [address]',
    help: 'finish what --start began: takes the address that the browser ended on from stdin, or waits for the code’s approval',
  },
  { flags: '--attempt <id>', help: 'which login to finish, where several were started' },
];

const asking = 'What is asked for:';
const telling = 'What is shown:';

export const login: Command<Options> = {
  description:
    'Finds the server’s authorization server, becomes a client of it, has you approve, stores the login, and tries its token. Without a browser here it shows an address, or a code, to use on any other device.',
  arguments: [{ syntax: '[server]', help: 'URL of an MCP server, or the name of one in the store', complete: 'server' }],
  options: [
    { flags: '--no-browser', help: 'open no browser here: show the address, or a code, to use elsewhere' },
    { flags: '--name <name>', help: 'what to call the server (made from its host otherwise)' },
    {
      flags: '--flow <flow>',
      help: `force one way of logging in: ${formatFlowNames()}`,
      parse: (name) => getFlow(name).name,
      complete: flows.map(({ name }) => name),
    },
    {
      group: asking,
      flags: '--scope <scopes>',
      help: 'the scopes to ask for, in place of those that the server names; kept, until --scope default',
      parse: acceptDefault((scopes) => scopes),
    },
    { group: asking, flags: '--challenge <value>', help: 'the WWW-Authenticate value of a server that wants more than it was given' },
    {
      flags: '--timeout <seconds>',
      help: 'how long to wait for approval (600, or the life of a device code)',
      parse: parseSeconds({ option: '--timeout', least: 1 }),
    },
    { flags: '--no-verify', help: 'do not open the server with the new token' },
    { group: telling, flags: '--qr', help: 'draw a QR code even where no terminal is seen' },
    { group: telling, flags: '--no-qr', help: 'draw no QR code' },
    { group: telling, flags: '--quiet', help: 'say only what you have to do, and what goes wrong' },
    { group: telling, flags: '--json', help: 'tell what happens as JSON, one object a line, on stdout' },
    ...twoSteps.map((option) => ({ ...option, group: 'Logging in with two commands, as an agent does:' })),
    ...serverOptions,
    ...clientOptions,
    ...assertionOptions,
  ],
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
      const { server, finish } = finishWords(given, options.finish);
      report(await finishLogin({ server, name, attempt, timeout, pastedText: finish === true ? undefined : finish }, context), context);
      return;
    }
    const target = await findTarget({ server: given, name: options.name }, context);
    context.ui.say(`Logging in to ${target.name}, ${whereItIs(target)}`);
    const request = await readRequest({ target, options }, context);
    if (options.start) await start(request, context);
    else report({ ...(await logIn(request, context)), name: target.name }, context);
  },
};

/** The URL as it was written, with the host that it leads to where that is spelled in another way. */
function whereItIs({ url, expandedUrl: address }: LoginTarget): string {
  const { host } = new URL(address);
  return url.toLowerCase().includes(host) ? redactUrl(url) : `${redactUrl(url)} (at ${host})`;
}

/** `--finish NAME` means the server: the address of an answer has parameters. */
function finishWords(given: string | undefined, finish: string | true): { server: string | undefined; finish: string | true } {
  if (given === undefined && finish !== true && !/[?&#]|(code|error)=/.test(finish)) return { server: finish, finish: true };
  return { server: given, finish };
}

function checkSteps({ start, finish, attempt }: Options): void {
  if (start && finish !== undefined) throw new AuthError('usage', '--start and --finish are two commands.');
  if (attempt !== undefined && finish === undefined) throw new AuthError('usage', '--attempt goes with --finish.');
}

async function readRequest({ target, options }: { target: LoginTarget; options: Options }, context: Context): Promise<LoginRequest> {
  const { challenge, flow, timeout, verify, header } = options;
  return {
    ...target,
    ...{ challenge, flow, timeout, verify },
    client: await readClientOptions(options, context),
    credentials: await readAssertionOptions(options, context),
    newSettings: readServerOptions(options),
    headers: header,
    browserWanted: options.browser,
  };
}

async function start(request: LoginRequest, context: Context): Promise<void> {
  const { attempt, expiresAt, needsRedirectUrl: takesAddress } = await startLogin(request, context);
  const { ui, clock } = context;
  const left = formatDuration((expiresAt - clock.now()) / 1000);
  ui.say();
  ui.say(takesAddress ? `Then give that address to this command, on stdin, within ${left}:` : `Then run this, within ${left}:`);
  ui.say();
  ui.command(formatCommand`mcp-auth login ${request.name} --finish --attempt ${attempt}`);
}

function report({ name, login, verification }: LoginResult & { name: string }, context: Context): void {
  const { ui, store } = context;
  ui.succeed(`Logged in to ${name}.${verification ? ` ${whoAnswered(verification)}` : ''}`);
  ui.say(`  Stored in ${store.path}`);
  const left = getRemainingSeconds(login, context);
  const renewal = canRenew(login) ? 'It is renewed when it is needed.' : 'There is no refresh token: log in again then.';
  if (Number.isFinite(left)) ui.say(`  The token expires in ${formatDuration(left)}. ${renewal}`);
  if (login.tokenType === 'dpop')
    ui.say('  The token is bound to a key that is in the store (DPoP): a program that takes nothing but a token cannot use it.');
  else ui.say(`  Use it:   ${formatCommand`mcp-auth token ${name}`}`);
  ui.event({ event: 'logged_in', server: name, scope: login.scope, expires_at: login.expiresAtSeconds });
}

function whoAnswered({ serverName, serverVersion, tools }: Verification): string {
  const name = `${serverName} ${serverVersion}`.trim();
  return `It ${name === '' ? '' : `is ${quote(name)} and `}has ${tools} tool${tools === 1 ? '' : 's'}.`;
}
