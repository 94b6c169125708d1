/** The chain that a login walks, link by link. A new one is a value in a file of this folder, and a word here. */
import * as apps from './apps.js';
import * as authorizationServer from './authorization-server.js';
import * as flows from './flows.js';
import * as login from './login.js';
import * as machine from './machine.js';
import * as server from './server.js';
import type { MachineStep, Step } from './step.js';
import * as store from './store.js';

/** What there is to see without a server. */
export const machineSteps: readonly MachineStep[] = [
  machine.program,
  machine.certificates,
  store.file,
  store.locks,
  store.writing,
  store.renewing,
];

/** What is seen of one server. */
export const serverSteps: readonly Step[] = [
  machine.proxy,
  server.reachable,
  server.clock,
  server.challenge,
  // What can be used is told first: what follows is for the next login.
  login.stored,
  login.liveCall,
  server.protectedResource,
  authorizationServer.metadata,
  authorizationServer.needs,
  authorizationServer.issuer,
  authorizationServer.endpoints,
  authorizationServer.pkce,
  authorizationServer.responseIssuer,
  authorizationServer.registration,
  authorizationServer.deviceAuthorization,
  authorizationServer.scope,
  flows.ways,
];

/** What uses the logins. */
export const lastSteps: readonly MachineStep[] = [login.logins, apps.connected];
