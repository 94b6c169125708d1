/** The ways in which an agent asks its user, all at once. To add one, add a file to this folder and a line here. */
import type { Context } from '../../context.js';
import type { WayToAsk } from '../questions.js';
import { createDesktopWay } from './desktop.js';
import { createTerminalWay } from './terminal.js';

export function createWaysToAsk(context: Context): readonly WayToAsk[] {
  return [createTerminalWay(context), createDesktopWay(context)];
}
