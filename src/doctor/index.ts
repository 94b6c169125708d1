/** The checks in the order of a login. To add a check, export it from a file of this folder and add it to a list here. */
import * as agents from './agents.js';
import * as apps from './apps.js';
import * as authorizationServer from './authorization-server.js';
import * as flows from './flows.js';
import * as login from './login.js';
import * as machine from './machine.js';
import * as relay from './relay.js';
import * as server from './server.js';
import type { MachineCheck, Check } from './check.js';
import * as store from './store.js';
import * as windows from './windows.js';

/** Checks of this machine, which need no server. */
export const machineChecks: readonly MachineCheck[] = [
  machine.program,
  machine.certificates,
  store.file,
  windows.access,
  store.database,
  store.seal,
  store.locks,
  store.writable,
  store.renewals,
  relay.relay,
  agents.reachable,
];

/** Checks of one server. */
export const serverChecks: readonly Check[] = [
  machine.proxy,
  server.reachable,
  server.clock,
  server.challenge,
  // The stored login comes first. The checks that follow are about the next login.
  login.serverLogin,
  login.liveCall,
  agents.callThroughAgent,
  server.protectedResource,
  authorizationServer.metadata,
  authorizationServer.serverSettings,
  authorizationServer.issuer,
  authorizationServer.endpoints,
  authorizationServer.pkce,
  authorizationServer.responseIssuer,
  authorizationServer.registration,
  authorizationServer.deviceAuthorization,
  authorizationServer.scope,
  flows.usableFlows,
  relay.relayedLogin,
];

/** Checks of the stored logins and of the apps that use them. */
export const finalChecks: readonly MachineCheck[] = [login.allLogins, apps.connectedApps];
