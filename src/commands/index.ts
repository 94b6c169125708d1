/** The commands, in the order of the help. To add a command, add a file to this folder and an entry to this list. */
import type { CommandListing } from './command.js';

export const commands: readonly CommandListing[] = [
  { name: 'login', summary: 'Log in to a remote MCP server', load: async () => (await import('./login.js')).login },
  { name: 'token', summary: 'Print a valid access token', load: async () => (await import('./token.js')).token },
  {
    name: 'headers',
    summary: 'Print request headers with a fresh token, as JSON',
    load: async () => (await import('./headers.js')).headers,
  },
  {
    name: 'bridge',
    summary: 'Relay an app’s stdio to a server, using its login',
    load: async () => (await import('./bridge.js')).bridge,
  },
  { name: 'connect', summary: 'Configure an MCP app to use a login', load: async () => (await import('./connect.js')).connect },
  { name: 'list', alias: 'status', summary: 'List servers and their logins', load: async () => (await import('./list.js')).list },
  { name: 'logout', summary: 'Revoke a login and remove it', load: async () => (await import('./logout.js')).logout },
  { name: 'refresh', summary: 'Renew logins now, or keep them fresh', load: async () => (await import('./refresh.js')).refresh },
  { name: 'exec', summary: 'Run a command with a token in its environment', load: async () => (await import('./exec.js')).exec },
  { name: 'ssh', summary: 'Run ssh, and let the remote machine use logins of this one', load: async () => (await import('./ssh.js')).ssh },
  { name: 'export', summary: 'Export a login to another machine', load: async () => (await import('./export.js')).exportCommand },
  { name: 'import', summary: 'Import a login from another machine', load: async () => (await import('./import.js')).importCommand },
  { name: 'copy', summary: 'Move logins between a file, PostgreSQL and Redis', load: async () => (await import('./copy.js')).copy },
  { name: 'add', summary: 'Add a server without logging in', load: async () => (await import('./add.js')).add },
  { name: 'remove', summary: 'Log out of a server and remove it', load: async () => (await import('./remove.js')).remove },
  {
    name: 'doctor',
    summary: 'Check every step of a login and explain failures',
    load: async () => (await import('./doctor.js')).doctor,
  },
  {
    name: 'agent',
    summary: 'Let other machines use the logins of this one',
    load: async () => (await import('./agent.js')).agent,
  },
  {
    name: 'relay',
    summary: 'Run the web service that logins without pasting come back to',
    load: async () => (await import('./relay.js')).relay,
  },
  {
    name: 'completion',
    summary: 'Print a shell completion script',
    load: async () => (await import('./completion.js')).completion,
  },
  {
    name: 'skill',
    summary: 'Print a page that teaches coding agents to log in',
    load: async () => (await import('./skill.js')).skill,
  },
  { name: 'seal', summary: 'Encrypt the secrets in the store', load: async () => (await import('./seal.js')).seal },
  { name: 'unseal', summary: 'Decrypt the secrets in the store', load: async () => (await import('./unseal.js')).unseal },
  { name: 'config', summary: 'Show or set preferences', load: async () => (await import('./config.js')).config },
];
