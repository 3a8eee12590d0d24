import type { WireRule } from './wireRule.js';

const scalar = 'b';
const array = ['x', 'y'];
const object = { R: 1, G: 2 };

/** One row for each kind of value, in the order scalar, array, object. */
function styled(
  rule: string,
  tool: string,
  argument: string,
  expected: readonly [scalar: string, array: string, object: string],
): WireRule[] {
  return [scalar, array, object].map((value, index) => ({
    rule: `${rule}: ${['scalar', 'array', 'object'][index]}`,
    tool: `openapi31__${tool}`,
    args: { [argument]: value },
    expected: expected[index] ?? '',
  }));
}

function query(rule: string, tool: string, path: string, queries: readonly [string, string, string]) {
  const [first, second, third] = queries.map((text) => `GET /v1/query/${path}?${text}`);
  return styled(rule, tool, 'c', [first ?? '', second ?? '', third ?? '']);
}

function path(rule: string, tool: string, folder: string, segments: readonly [string, string, string]) {
  const [first, second, third] = segments.map((text) => `GET /v1/path/${folder}/${text}`);
  return styled(rule, tool, 'c', [first ?? '', second ?? '', third ?? '']);
}

function header(rule: string, tool: string, folder: string, values: readonly [string, string, string]) {
  const [first, second, third] = values.map((text) => `GET /v1/header/${folder} | x-c: ${text}`);
  return styled(rule, tool, 'X-C', [first ?? '', second ?? '', third ?? '']);
}

function cookie(rule: string, tool: string, folder: string, values: readonly [string, string, string]) {
  const [first, second, third] = values.map((text) => `GET /v1/cookie/${folder} | cookie: ${text}`);
  return styled(rule, tool, 'c', [first ?? '', second ?? '', third ?? '']);
}

/** Every style × explode × kind of value (OpenAPI, Parameter Object, "Style Examples"). */
export const STYLE_RULES: readonly WireRule[] = [
  ...query('form, explode', 'query_form', 'form', ['c=b', 'c=x&c=y', 'R=1&G=2']),
  ...query('form', 'query_form_joined', 'form-joined', ['c=b', 'c=x,y', 'c=R,1,G,2']),
  ...query('spaceDelimited', 'query_space', 'space', ['c=b', 'c=x%20y', 'c=R%201%20G%202']),
  ...query('spaceDelimited, explode', 'query_space_exploded', 'space-exploded', [
    'c=b',
    'c=x&c=y',
    'R=1&G=2',
  ]),
  ...query('pipeDelimited', 'query_pipe', 'pipe', ['c=b', 'c=x%7Cy', 'c=R%7C1%7CG%7C2']),
  ...query('pipeDelimited, explode', 'query_pipe_exploded', 'pipe-exploded', ['c=b', 'c=x&c=y', 'R=1&G=2']),
  ...query('deepObject', 'query_deep', 'deep', ['c=b', 'c%5B0%5D=x&c%5B1%5D=y', 'c%5BR%5D=1&c%5BG%5D=2']),
  {
    rule: 'deepObject: nested, with arrays',
    tool: 'openapi31__query_deep',
    args: { c: { a: { b: 1 }, l: ['p', 'q'] } },
    expected: 'GET /v1/query/deep?c%5Ba%5D%5Bb%5D=1&c%5Bl%5D%5B0%5D=p&c%5Bl%5D%5B1%5D=q',
  },
  ...path('simple', 'path_simple', 'simple', ['b', 'x,y', 'R,1,G,2']),
  ...path('simple, explode', 'path_simple_exploded', 'simple-exploded', ['b', 'x,y', 'R=1,G=2']),
  ...path('label', 'path_label', 'label', ['.b', '.x,y', '.R,1,G,2']),
  ...path('label, explode', 'path_label_exploded', 'label-exploded', ['.b', '.x.y', '.R=1.G=2']),
  ...path('matrix', 'path_matrix', 'matrix', [';c=b', ';c=x,y', ';c=R,1,G,2']),
  ...path('matrix, explode', 'path_matrix_exploded', 'matrix-exploded', [';c=b', ';c=x;c=y', ';R=1;G=2']),
  ...header('header', 'header_simple', 'simple', ['b', 'x,y', 'R,1,G,2']),
  ...header('header, explode', 'header_simple_exploded', 'simple-exploded', ['b', 'x,y', 'R=1,G=2']),
  ...cookie('cookie, form', 'cookie_form_joined', 'form-joined', ['c=b', 'c=x,y', 'c=R,1,G,2']),
  ...cookie('cookie, form, explode', 'cookie_form', 'form', ['c=b', 'c=x&c=y', 'R=1&G=2']),
  ...styled('cookie, style cookie', 'cookie_style', 'c', ['c=b', 'c=x; c=y', 'R=1; G=2']).map((row) => ({
    ...row,
    tool: 'openapi32__cookie_style',
    expected: `GET /v1/cookie | cookie: ${row.expected}`,
  })),
];
