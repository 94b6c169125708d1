/** All pictures that are recorded, in the order of the README. To add one, add a file and a line here. */
import { login } from './login.js';
import type { Recording } from './record.js';
import { ssh } from './ssh.js';

export const recordings: readonly Recording[] = [login, ssh];
