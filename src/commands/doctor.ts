import type { Context } from '../context.js';
import { runChecks } from '../doctor/run-checks.js';
import type { Finding } from '../doctor/check.js';
import { findAgentTarget, findTarget } from '../login/target.js';
import { listServers } from '../store/document.js';
import type { Command, CommandOption } from './command.js';

const options = [{ flags: '--json', help: 'print JSON' }] as const satisfies readonly CommandOption[];

export const doctor: Command<typeof options> = {
  description:
    'Check every step of a login and say how to fix what is wrong: ✓ ok, ! warning (may be intended), ✗ error. The output contains no secrets and can be pasted into a bug report. The exit code is that of the first error.',
  arguments: [{ syntax: '[server]', help: 'name of a server in the store, or the URL of any MCP server', complete: 'server' }],
  options,
  examples: ['doctor linear', 'doctor https://mcp.linear.app/mcp', 'doctor --json'],
  run: async ({ arguments: [given], options }, context) => {
    const { ui } = context;
    const server = given ?? (await onlyServer(context));
    const target =
      server === undefined
        ? undefined
        : ((await findAgentTarget(server, context)) ?? (await findTarget({ server, name: undefined }, context)));
    const findings: Finding[] = [];
    const code = await runChecks(target, (finding) => (options.json ? findings.push(finding) : print(finding, context)), context);
    if (options.json) ui.document(findings);
    else if (target === undefined) ui.say('To check one server, run: mcp-auth doctor NAME|URL');
    return code;
  },
};

/** The default server: the only one in the store. */
async function onlyServer({ store }: Context): Promise<string | undefined> {
  const remote = listServers(await store.read().catch(() => ({}))).filter(([, { url }]) => typeof url === 'string');
  return remote.length === 1 ? remote[0]?.[0] : undefined;
}

const marks = { fine: '✓', warning: '!', failure: '✗' };

function print({ step, source, verdict, seen, hint }: Finding, { ui }: Context): void {
  ui.print(`${marks[verdict]} ${step}${source === undefined ? '' : ` (${source})`}: ${seen}`);
  if (hint !== undefined) ui.print(`    ${hint}`);
}
