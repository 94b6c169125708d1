/** The word that has the program be the process that renews, and nothing else. */
export const refresherWord = 'renewal-process';

/** What is said to it when the person has interrupted the one that asked. */
export const stopWord = 'stop';
