/** The command word that makes this program the process that renews tokens. */
export const refresherCommand = 'renewal-process';

/** The message that tells it to start no more renewals, because the user has interrupted the command. */
export const stopMessage = 'stop';
