/** What logins at the real authorization server have in common. */

export const address = /^(http:\S+\/auth\?\S+)$/m;
