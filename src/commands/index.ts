/** The commands, in the order of the help. A new one is a file beside this one, and a line here. */
import type { CommandListing } from './command.js';

export const commands: readonly CommandListing[] = [
  { name: 'login', summary: 'Log in to a remote MCP server', load: async () => (await import('./login.js')).login },
  { name: 'token', summary: 'Print an access token that is valid now', load: async () => (await import('./token.js')).token },
  {
    name: 'headers',
    summary: 'Print fresh request headers as JSON, for an app',
    load: async () => (await import('./headers.js')).headers,
  },
  {
    name: 'bridge',
    summary: 'Pass an app’s stdio on to a server, with its login',
    load: async () => (await import('./bridge.js')).bridge,
  },
  { name: 'connect', summary: 'Have an MCP app use a login', load: async () => (await import('./connect.js')).connect },
  { name: 'list', alias: 'status', summary: 'Show the servers and their logins', load: async () => (await import('./list.js')).list },
  { name: 'logout', summary: 'Revoke a login and remove it', load: async () => (await import('./logout.js')).logout },
  { name: 'refresh', summary: 'Renew logins now, or keep them fresh', load: async () => (await import('./refresh.js')).refresh },
  { name: 'exec', summary: 'Run a command with a token in its environment', load: async () => (await import('./exec.js')).exec },
  { name: 'export', summary: 'Print a login for another machine', load: async () => (await import('./export.js')).exportCommand },
  { name: 'import', summary: 'Take a login from another machine', load: async () => (await import('./import.js')).importCommand },
  { name: 'add', summary: 'Add a server without logging in', load: async () => (await import('./add.js')).add },
  { name: 'remove', summary: 'Log out of a server and remove it', load: async () => (await import('./remove.js')).remove },
  {
    name: 'doctor',
    summary: 'Find out what keeps a login from working',
    load: async () => (await import('./doctor.js')).doctor,
  },
  {
    name: 'completion',
    summary: 'Print what makes a shell complete mcp-auth’s words',
    load: async () => (await import('./completion.js')).completion,
  },
  { name: 'config', summary: 'Show or set what every login uses', load: async () => (await import('./config.js')).config },
];
