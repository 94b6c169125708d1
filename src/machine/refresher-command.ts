/** The word that has the program be the process that renews, and nothing else. */
export const refresherCommand = 'renewal-process';

/** What is said to it when the person has interrupted the one that asked. */
export const stopMessage = 'stop';
