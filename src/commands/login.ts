import type { Context } from '../context.js';
import { checkFlowName, flowNames } from '../flows/index.js';
import { login as logIn, type LoginResult } from '../login.js';
import { quoted } from '../server-text.js';
import { canRenew } from '../renewal.js';
import { secondsLeft } from '../session.js';
import type { Verification } from '../verification.js';
import type { Command } from './command.js';
import { serverOptions } from './authorization-server-options.js';
import { findTarget, type LoginTarget } from './login-target.js';
import { clientOptions, readClientOptions, type ClientWords } from './client-options.js';
import { proofOptions, readProofOptions, type ProofWords } from './proof-options.js';
import { inWords, seconds } from './seconds.js';

interface Options extends ClientWords, ProofWords {
  name?: string;
  browser: boolean;
  flow?: string;
  scope?: string;
  challenge?: string;
  issuer?: string;
  trustIssuer?: string;
  authorizeParam?: Record<string, string>;
  allowMissingPkceMetadata?: boolean;
  timeout?: number;
  verify: boolean;
}

export const login: Command<Options> = {
  arguments: [{ syntax: '[server]', help: 'URL of an MCP server, or the name of one in the store' }],
  options: [
    { flags: '--no-browser', help: 'open no browser here: show the address, or a code, to use elsewhere' },
    { flags: '--name <name>', help: 'what to call the server (made from its host otherwise)' },
    { flags: '--flow <flow>', help: `force one way of logging in: ${flowNames()}`, parse: checkFlowName },
    { flags: '--scope <scopes>', help: 'the scopes to ask for, in place of those that the server names' },
    { flags: '--challenge <value>', help: 'the WWW-Authenticate value of a server that wants more than it was given' },
    {
      flags: '--timeout <seconds>',
      help: 'how long to wait for approval (600, or the life of a device code)',
      parse: seconds({ option: '--timeout', least: 1 }),
    },
    { flags: '--no-verify', help: 'do not open the server with the new token' },
    { flags: '--qr', help: 'draw a QR code even where no terminal is seen' },
    { flags: '--no-qr', help: 'draw no QR code' },
    { flags: '--json', help: 'tell what happens as JSON, one object a line, on stdout' },
    ...serverOptions,
    ...clientOptions,
    ...proofOptions,
  ],
  examples: [
    'login https://mcp.linear.app/mcp --no-browser',
    'login linear --no-browser --flow paste',
    'login wiki --flow client-credentials --client-id robot --private-key robot.pem',
  ],
  run: async ({ arguments: [server], options }, context) => {
    const target = await findTarget({ server, name: options.name }, context);
    context.ui.say(`Logging in to ${target.name}, ${target.url}`);
    const result = await logIn(
      {
        ...target,
        client: await readClientOptions(options, context),
        proof: { ...(await readProofOptions(options, context)), issuerKnown: options.issuer !== undefined },
        challenge: options.challenge,
        issuer: options.issuer,
        trustedIssuer: options.trustIssuer,
        extraParameters: options.authorizeParam,
        pkceUnadvertised: options.allowMissingPkceMetadata ?? false,
        flow: options.flow,
        browserWanted: options.browser,
        scope: options.scope,
        timeout: options.timeout,
        verify: options.verify,
      },
      context,
    );
    report({ target, result }, context);
  },
};

function report({ target, result: { login, verification } }: { target: LoginTarget; result: LoginResult }, context: Context): void {
  const { ui, store } = context;
  ui.succeed(`Logged in to ${target.name}.${verification ? ` ${whoAnswered(verification)}` : ''}`);
  ui.say(`  Stored in ${store.path}`);
  const left = secondsLeft(login, context);
  const renewal = canRenew(login) ? 'It is renewed when it is needed.' : 'There is no refresh token: log in again then.';
  if (Number.isFinite(left)) ui.say(`  The token expires in ${inWords(left)}. ${renewal}`);
  if (login.tokenType === 'dpop')
    ui.say('  The token is bound to a key that is in the store (DPoP): a program that takes nothing but a token cannot use it.');
  else ui.say(`  Use it:   mcp-auth token ${target.name}`);
  ui.event({ event: 'logged_in', server: target.name, scope: login.scope, expires_at: login.expiresAt });
}

function whoAnswered({ serverName, serverVersion, tools }: Verification): string {
  const name = `${serverName} ${serverVersion}`.trim();
  return `It ${name === '' ? '' : `is ${quoted(name)} and `}has ${tools} tool${tools === 1 ? '' : 's'}.`;
}
