import type { Json, JsonObject } from '../json.js';
import { emptyRecord } from '../record.js';
import type { RequestPlan } from '../tools/tool.js';
import { MASK } from './redaction.js';

/** Longer links are no cursors that an agent could use. */
const MAX_LINK = 2_000;

/** Whole seconds until a retry makes sense (RFC 9110 §10.2.3); null = not stated. */
export function retryAfterOf(headers: Readonly<Record<string, string>>, now = Date.now()): number | null {
  const header = headers['retry-after'];
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Math.ceil(Number(text));
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1_000));
}

/** The target of `Link: <…>; rel="next"` (RFC 8288); null = there is none. */
export function nextLinkOf(headers: Readonly<Record<string, string>>): string | null {
  const header = headers['link'];
  if (header === undefined || header.length > 4 * MAX_LINK) return null;
  for (const [, target = '', parameters = ''] of header.matchAll(
    /<([^<>]+)>((?:\s*;[^,;<"]*(?:"[^"]*")?)*)/g,
  )) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;]+))/i.exec(parameters);
    const names = (relation?.[1] ?? relation?.[2] ?? '').toLowerCase().split(/\s+/);
    if (names.includes('next') && target.length <= MAX_LINK) return target;
  }
  return null;
}

/**
 * The arguments by which the next page differs from this one, found by comparing the link's query with the
 * request's; empty when the link differs in nothing that the tool has an argument for.
 */
export function nextPageArguments(link: string, requestUrl: string, plan: RequestPlan): JsonObject {
  const changed = emptyRecord<Json>();
  if (!URL.canParse(link, requestUrl)) return changed;
  const next = new URL(link, requestUrl).searchParams;
  const present = new URL(requestUrl).searchParams;
  for (const parameter of plan.parameters) {
    if (parameter.in !== 'query') continue;
    const values = next.getAll(parameter.name);
    const [first] = values;
    if (first === undefined || same(values, present.getAll(parameter.name))) continue;
    // A credential: the proxy adds it by itself.
    if (values.includes(MASK)) continue;
    const numeric = !parameter.types.includes('string') && /^-?\d{1,15}$/.test(first);
    changed[parameter.argument] = values.length > 1 ? values : numeric ? Number(first) : first;
  }
  return changed;
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
