/** Text of a page. Only `html` makes it, so what is put into it is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A template of HTML. Its values are escaped, unless they are HTML themselves. */
export function html(texts: TemplateStringsArray, ...values: readonly (string | number | Html | readonly Html[])[]): Html {
  const parts = values.map((value, index) => format(value) + (texts[index + 1] ?? ''));
  return new Html((texts[0] ?? '') + parts.join(''));
}

function format(value: string | number | Html | readonly Html[]): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return String(value).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
