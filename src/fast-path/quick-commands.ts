/** The commands that have a fast path. In a file of its own, because every start loads it. */
export const quickCommands = ['token', 'headers'] as const;

export type QuickCommand = (typeof quickCommands)[number];

export function isQuickCommand(command: string | undefined): command is QuickCommand {
  return quickCommands.some((one) => one === command);
}
