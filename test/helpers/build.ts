import path from 'node:path';
import buildPackage, { root } from '../../scripts/build.js';

/** The built command, as `npm run build` makes it. */
export const command = path.join(root, 'dist/bin.cjs');

/** Builds once before all tests. */
export default buildPackage;
