import type { Context } from '../context.js';
import { runChecks } from '../doctor/run-checks.js';
import type { Finding } from '../doctor/check.js';
import { findTarget } from '../login/target.js';
import { listServers } from '../store/document.js';
import type { Command } from './command.js';

interface Options {
  json?: boolean;
}

export const doctor: Command<Options> = {
  description:
    'Walks the chain that a login walks, and says of each step what was seen and what to do: ✓ fine, ! perhaps as it should be, ✗ what keeps the login from working. No secret is printed: its output is for bug reports. The exit code is that of the first ✗.',
  arguments: [{ syntax: '[server]', help: 'name of a server in the store, or the URL of any', complete: 'server' }],
  options: [{ flags: '--json', help: 'the same as JSON' }],
  examples: ['doctor linear', 'doctor https://mcp.linear.app/mcp', 'doctor --json'],
  run: async ({ arguments: [given], options }, context) => {
    const { ui } = context;
    const server = given ?? (await onlyServer(context));
    const target = server === undefined ? undefined : await findTarget({ server, name: undefined }, context);
    const findings: Finding[] = [];
    const code = await runChecks(target, (finding) => (options.json ? findings.push(finding) : print(finding, context)), context);
    if (options.json) ui.document(findings);
    else if (target === undefined) ui.say('For all of one server, run: mcp-auth doctor NAME|URL');
    return code;
  },
};

/** With one server in the store, it is the one that is meant. */
async function onlyServer({ store }: Context): Promise<string | undefined> {
  const remote = listServers(await store.read().catch(() => ({}))).filter(([, { url }]) => typeof url === 'string');
  return remote.length === 1 ? remote[0]?.[0] : undefined;
}

const marks = { fine: '✓', warning: '!', failure: '✗' };

function print({ step, source, verdict, seen, hint }: Finding, { ui }: Context): void {
  ui.print(`${marks[verdict]} ${step}${source === undefined ? '' : ` (${source})`}: ${seen}`);
  if (hint !== undefined) ui.print(`    ${hint}`);
}
