import { skill as page, skillName } from '../reference/skill.js';
import type { Command } from './command.js';

export const skill: Command = {
  description: `Print a page that teaches a coding agent to log in with this command (SKILL.md, see agentskills.io). To install it:
  Claude Code:  mkdir -p ~/.claude/skills/${skillName} && mcp-auth skill > ~/.claude/skills/${skillName}/SKILL.md
  other apps:   mkdir -p ~/.agents/skills/${skillName} && mcp-auth skill > ~/.agents/skills/${skillName}/SKILL.md`,
  arguments: [],
  options: [],
  examples: ['skill', 'skill > ~/.agents/skills/mcp-auth/SKILL.md'],
  run: (_, { ui }) => {
    for (const line of page.trimEnd().split('\n')) ui.print(line);
    return Promise.resolve();
  },
};
