/** The chain that a login walks, link by link. A new one is a value in a file of this folder, and a word here. */
import * as apps from './apps.js';
import * as authorizationServer from './authorization-server.js';
import * as flows from './flows.js';
import * as login from './login.js';
import * as machine from './machine.js';
import * as server from './server.js';
import type { MachineCheck, Check } from './check.js';
import * as store from './store.js';

/** What there is to see without a server. */
export const machineChecks: readonly MachineCheck[] = [
  machine.program,
  machine.certificates,
  store.file,
  store.locks,
  store.writable,
  store.renewals,
];

/** What is seen of one server. */
export const serverChecks: readonly Check[] = [
  machine.proxy,
  server.reachable,
  server.clock,
  server.challenge,
  // What can be used is told first: what follows is for the next login.
  login.serverLogin,
  login.liveCall,
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
];

/** What uses the logins. */
export const finalChecks: readonly MachineCheck[] = [login.allLogins, apps.connectedApps];
