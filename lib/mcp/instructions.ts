import type { Group } from '../table/routingTable.js';

const MAX_UPSTREAMS = 20;
const MAX_TITLE_LENGTH = 100;
/** C0, C1, bidirectional and zero-width characters: titles come from documents. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const known = new WeakMap<Group, string>();

/** One sentence for the model: which APIs the tools of this endpoint call. The same for every connection. */
export function instructionsOf(group: Group): string {
  let text = known.get(group);
  if (text === undefined) {
    text = compose(group);
    known.set(group, text);
  }
  return text;
}

function compose(group: Group): string {
  const titles = new Set<string>();
  for (const { upstream } of group.tools) {
    const title = upstream.compiled.title.replace(INVISIBLE, ' ').trim() || upstream.name;
    titles.add(title.slice(0, MAX_TITLE_LENGTH));
  }
  if (titles.size === 0) return 'No tools are available at present.';
  const shown = [...titles].slice(0, MAX_UPSTREAMS).join('; ');
  const rest = titles.size - MAX_UPSTREAMS;
  return `Each tool calls one operation of an HTTP API: ${shown}${rest > 0 ? ` and ${rest} more` : ''}.`;
}
