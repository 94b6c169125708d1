/** Nothing: what any program of Node costs. */
