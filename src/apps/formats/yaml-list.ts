import { isMap, isSeq, stringify, type Document, type YAMLMap } from 'yaml';
import { isObject } from '../../text/json.js';
import { getValueAt, manualEditError, mergeEntry, replaceValueAt, type ConfigFormat } from './format.js';
import { preserveLineEndings } from './line-endings.js';
import {
  appendMapping,
  applyFirstExact,
  getColumn,
  getLineEnd,
  getLineStart,
  indent,
  parseYaml,
  parseYamlFile,
  type YamlEdit,
} from './yaml.js';

type Entry = Record<string, unknown>;

/** YAML in which the entries below `path` are a list, with their names in `name`. It is parsed as if they were a mapping. */
export function createYamlList(path: readonly string[]): ConfigFormat {
  return preserveLineEndings({
    syntax: 'YAML',
    parse: (text, file) => {
      const document = parseYamlFile(text, file);
      const list = getValueAt(document, path);
      return Array.isArray(list) ? (replaceValueAt(document, path, toMapping(list)) as Entry) : document;
    },
    put: (text, entryPath, change) => replaceItem(text, entryPath, (item) => mergeEntry(item, change)),
    remove: (text, entryPath) => replaceItem(text, entryPath, () => undefined),
  });
}

/** Of several items with one name, the first counts. Items without a name refer to other files. */
function toMapping(list: readonly unknown[]): Entry {
  const named = list.flatMap((item) => (isObject(item) && typeof item['name'] === 'string' ? [[item['name'], item] as const] : []));
  return Object.fromEntries(named.reverse());
}

function replaceItem(text: string, path: readonly string[], toWanted: (item: unknown) => Entry | undefined): string {
  const document: unknown = parseYaml(text).toJS() ?? {};
  const [name = '', ...listPath] = [path.at(-1), ...path.slice(0, -1)];
  const found = getValueAt(document, listPath);
  if (!Array.isArray(found ?? [])) throw manualEditError(path);
  const list = (found ?? []) as readonly unknown[];
  const index = list.findIndex((item) => isObject(item) && item['name'] === name);
  const wanted = toWanted(list[index]);
  const added = wanted === undefined ? [] : [wanted];
  const items = index < 0 ? [...list, ...added] : [...list.slice(0, index), ...added, ...list.slice(index + 1)];
  const meant = replaceValueAt(document, listPath, items);
  return applyFirstExact([editLines, editNodes], { text, path, wanted, meant });
}

function editNodes({ text, path, wanted }: YamlEdit): string {
  const document = parseYaml(text);
  const listPath = path.slice(0, -1);
  if (!isSeq(document.getIn(listPath, true))) document.setIn(listPath, document.createNode([]));
  const index = findItem(document, path);
  if (wanted === undefined) document.deleteIn([...listPath, index]);
  else if (index < 0) document.addIn(listPath, document.createNode(wanted));
  else document.setIn([...listPath, index], document.createNode(wanted));
  return document.toString({ lineWidth: 0 });
}

function editLines({ text, path, wanted }: YamlEdit): string {
  const document = parseYaml(text);
  const listPath = path.slice(0, -1);
  const list = document.getIn(listPath, true);
  if (!isSeq(list) || list.flow || list.items.length === 0) return wanted === undefined ? text : appendMapping(text, listPath, [wanted]);
  const block = wanted === undefined ? '' : indent(stringify([wanted], { lineWidth: 0 }), getColumn(text, list.range?.[0] ?? 0));
  const item = list.items[findItem(document, path)] as YAMLMap | undefined;
  if (item === undefined) {
    const end = getLineEnd(text, (list.items.at(-1) as YAMLMap).range?.[1] ?? 0);
    return `${text.slice(0, end)}${text.slice(0, end).endsWith('\n') ? '' : '\n'}${block}${text.slice(end)}`;
  }
  const [start, end] = item.range ?? [0, 0];
  return text.slice(0, getLineStart(text, start)) + block + text.slice(getLineEnd(text, end));
}

function findItem(document: Document.Parsed, path: readonly string[]): number {
  const list = document.getIn(path.slice(0, -1), true);
  return isSeq(list) ? list.items.findIndex((item) => isMap(item) && item.get('name') === path.at(-1)) : -1;
}
