/** With `node --require`: leaves the most memory that a process has taken, in KiB, where MAX_RSS_FILE says. */
process.on('exit', () => require('node:fs').writeFileSync(process.env.MAX_RSS_FILE, String(process.resourceUsage().maxRSS)));
