/** The table of attacks, and what must hold after each. Those that take a network of several addresses are in
 * network.test.ts, those of other users of the machine in other-users.test.ts. */
import type { Attack } from './attack.js';
import { endpoints } from './endpoints.js';
import { urls } from './urls.js';
import { redirects } from './redirects.js';
import { bytes } from './answers.js';
import { words } from './words.js';
import { oauth } from './oauth.js';
import { configurations } from './configurations.js';
import { sizes } from './sizes.js';
import { afterConsent } from './after-consent.js';
import { shown } from './shown.js';

export const attacks: readonly Attack[] = [
  ...endpoints,
  ...urls,
  ...redirects,
  ...bytes,
  ...words,
  ...oauth,
  ...configurations,
  ...sizes,
  ...afterConsent,
  ...shown,
];
