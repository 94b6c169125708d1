/** The apps that use the logins. */
import { formatCommand } from '../text/command-line.js';
import { apps } from '../apps/index.js';
import { listApps } from '../connect/list-apps.js';
import { expandsToUrl } from '../store/variables.js';
import { fine, warning, type MachineCheck, type CheckResult } from './check.js';

/** The apps that have a configuration on this machine, and the servers they reach with a login from the store. */
export const connectedApps: MachineCheck = {
  name: 'App',
  run: async (subject, context) => {
    const found = (await listApps(apps, context)).filter(({ found, problem }) => found || problem !== undefined);
    const all = found.flatMap(({ app, file, servers, problem, readsStore }): CheckResult[] => {
      if (problem !== undefined) return [warning(`${app.summary}: ${problem}`)];
      if (readsStore) return [fine(`${app.summary} reads the store ${file} directly`)];
      const here = servers.filter(
        ({ how, url }) => how !== undefined && (how !== 'own' || (subject && expandsToUrl(url, subject.url.href, context.env))),
      );
      return here.map(({ name, how }) => {
        if (how !== 'own') return fine(`${app.summary} is connected to ${name} (${how}) in ${file}`);
        return warning(
          `${app.summary} has its own login to ${name} in ${file}`,
          `Run: ${formatCommand`mcp-auth connect ${app.name} ${subject?.name ?? name}`}`,
        );
      });
    });
    return all.length > 0 ? all : fine('no app is connected (mcp-auth connect APP NAME)');
  },
};
