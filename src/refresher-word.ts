/** The word that has the program be the process that renews, and nothing else. */
export const refresherWord = 'renewal-process';
