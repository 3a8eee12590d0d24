import { load } from 'js-yaml';

type Values = { readonly [key: string]: unknown };

/**
 * The Markdown table of a values.yaml: a row per key with the comment above it.
 * A map whose keys have comments of their own is listed key by key, any other value as one default.
 * @throws Error when a key has no comment.
 */
export function valuesTable(yaml: string): string {
  const comments = commentsByPath(yaml);
  const rows = rowsOf(load(yaml) as Values, [], comments);
  return ['| key | what | default |', '|---|---|---|', ...rows].join('\n');
}

function rowsOf(
  values: Values,
  above: readonly string[],
  comments: ReadonlyMap<string, string>,
): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const path = [...above, key];
    const name = path.join('.');
    const isListed = [...comments.keys()].some((other) => other.startsWith(`${name}.`));
    if (isListed) return rowsOf(value as Values, path, comments);
    const comment = comments.get(name);
    if (comment === undefined) throw new Error(`values.yaml: ${name} has no comment above it`);
    return [`| \`${name}\` | ${comment.replaceAll('|', '\\|')} | \`${JSON.stringify(value)}\` |`];
  });
}

/** The comment directly above each key; indentation tells where a key belongs. */
function commentsByPath(yaml: string): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  const path: { readonly indent: number; readonly key: string }[] = [];
  let comment: string[] = [];
  for (const line of yaml.split('\n')) {
    const text = /^ *# ?(.*)$/.exec(line)?.[1];
    const [, space = '', key] = /^( *)([A-Za-z_]+):/.exec(line) ?? [];
    if (text !== undefined) comment.push(text);
    else {
      if (key !== undefined) {
        while ((path.at(-1)?.indent ?? -1) >= space.length) path.pop();
        path.push({ indent: space.length, key });
        if (comment.length > 0) comments.set(path.map((step) => step.key).join('.'), comment.join(' '));
      }
      comment = [];
    }
  }
  return comments;
}
