/** Where the identity of a sealed store may be. The first source that is configured is used, and no other. */
import { agentIdentity } from './agent-identity.js';
import { commandPreference, commandVariable } from './identity-command.js';
import { filePreference, fileVariable, systemdCredential } from './identity-file.js';
import type { IdentitySource } from './source.js';

export const identitySources: readonly IdentitySource[] = [
  fileVariable,
  commandVariable,
  filePreference,
  commandPreference,
  systemdCredential,
  agentIdentity,
];
