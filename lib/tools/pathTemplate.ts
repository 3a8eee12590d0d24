/** A path key, taken apart. */
export interface PathTemplate {
  /** Literal text as it goes on the wire, and names in braces. */
  readonly pieces: readonly (string | TemplateName)[];
  /** Literal pairs of a query in the key. */
  readonly query: string;
  /** Pairs of that query whose value is a name in braces: name on the wire, name in braces. */
  readonly queryNames: readonly (readonly [name: string, variable: string])[];
}

export interface TemplateName {
  readonly name: string;
}

/**
 * `/compare/{a}...{b}?beta=true#add` → pieces, `beta=true`. The fragment only tells two operations with one path
 * apart; it is never sent. A path without its leading slash gets one.
 */
export function parsePathTemplate(key: string): PathTemplate {
  const [beforeFragment = ''] = key.split('#', 1);
  const mark = beforeFragment.search(/\?(?![^{]*\})/);
  const path = mark === -1 ? beforeFragment : beforeFragment.slice(0, mark);
  const pairs =
    mark === -1
      ? []
      : beforeFragment
          .slice(mark + 1)
          .split('&')
          .filter((pair) => pair !== '');
  const queryNames: (readonly [string, string])[] = [];
  const literals = pairs.filter((pair) => {
    const match = /^([^=]*)=?\{([^{}]+)\}$/.exec(pair);
    if (match === null) return true;
    const [, name = '', variable = ''] = match;
    queryNames.push([name === '' ? variable : name, variable]);
    return false;
  });
  const rooted = path.startsWith('/') ? path : `/${path}`;
  const pieces = rooted
    .split(/(\{[^{}]+\})/)
    .filter((piece) => piece !== '')
    .map((piece) => (/^\{.+\}$/.test(piece) ? { name: piece.slice(1, -1) } : onTheWire(piece)));
  return { pieces, query: literals.map(onTheWire).join('&'), queryNames };
}

/** What a URL cannot hold is percent-encoded; what already is, stays. */
function onTheWire(text: string): string {
  return encodeURI(text.replace(/[\ud800-\udfff]/gu, '\ufffd')).replace(/%25([0-9A-Fa-f]{2})/g, '%$1');
}
