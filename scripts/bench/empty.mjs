/** An empty program: the lower bound for any Node program. */
