/** The stylesheet of all pages. */

interface Palette {
  readonly text: string;
  readonly faint: string;
  readonly back: string;
  readonly box: string;
  readonly action: string;
  readonly onAction: string;
}

const light: Palette = { text: '#1c1c1e', faint: '#5c5c63', back: '#ffffff', box: '#f2f2f5', action: '#0b57d0', onAction: '#ffffff' };
const dark: Palette = { text: '#f2f2f5', faint: '#a9a9b2', back: '#141417', box: '#232328', action: '#a8c7fa', onAction: '#0b1d3a' };

function colour({ text, faint, back, box, action, onAction }: Palette): string {
  return `
body, input { background: ${back}; color: ${text}; }
.name, dt { color: ${faint}; }
dl { background: ${box}; }
input { border-color: ${faint}; }
.action { background: ${action}; color: ${onAction}; }
:focus-visible { outline-color: ${action}; }
`;
}

const layout = `
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { margin: 0; font: 1.0625rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 34rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
.name { margin: 0; font-size: .9375rem; }
h1 { margin: .25rem 0 1rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.0625rem; }
dl { margin: 0; padding: 1rem; border-radius: .75rem; }
dt { font-size: .9375rem; }
dd { margin: 0 0 .75rem; font-weight: 600; }
dd:last-child { margin: 0; }
ul { margin: 0; padding-left: 1.25rem; }
li { margin: .375rem 0; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { width: 100%; padding: .75rem; border: 1px solid; border-radius: .75rem; font: 1.5rem/1.25 ui-monospace, monospace;
  letter-spacing: .1em; text-align: center; text-transform: uppercase; }
.action { display: block; width: 100%; margin-top: 1.5rem; padding: .875rem 1rem; border: 0; border-radius: .75rem;
  font: 600 1.0625rem/1.4 system-ui, sans-serif; text-align: center; text-decoration: none; cursor: pointer; }
:focus-visible { outline: 3px solid; outline-offset: 2px; }
`;

export const style = `${layout}${colour(light)}@media (prefers-color-scheme: dark) {${colour(dark)}}\n`;
