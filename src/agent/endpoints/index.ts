/** What an agent responds to. To add an endpoint, export it from a file of this folder and add it to the list. */
import type { Endpoint } from '../service.js';
import { receiveAnswer } from './answer.js';
import { describe } from './description.js';
import { startLogin } from './login.js';
import { passLines } from './lines.js';
import { passOn } from './mcp.js';
import { renew } from './renewals.js';
import { listServers } from './servers.js';
import { endShare, openShare } from './shares.js';
import { showStatus, stopAgent } from './status.js';
import { lendToken } from './token.js';
import { lock, showIdentity, unlock, unseal } from './unseal.js';

export const endpoints: readonly Endpoint[] = [
  passOn,
  passLines,
  describe,
  listServers,
  lendToken('GET'),
  lendToken('POST'),
  startLogin,
  showStatus,
  openShare,
  endShare,
  receiveAnswer,
  unlock,
  lock,
  unseal,
  showIdentity,
  renew,
  stopAgent,
];
