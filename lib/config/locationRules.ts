import type { ConfigPath } from './path.js';
import type { RuleContext } from './ruleContext.js';

/** True for what is a URL and not a file: `https://…`, also one of a scheme that is not accepted. */
export function isUrl(location: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(location);
}

/** An absolute http(s) URL without user info; `secrets` names where credentials belong instead. */
export function checkUrl(
  value: string | null | undefined,
  path: ConfigPath,
  context: RuleContext,
  options: { readonly rule?: string; readonly secrets?: string; readonly bare?: boolean } = {},
): void {
  if (value === null || value === undefined) return;
  const rule = options.rule ?? 'must be an absolute http(s) URL';
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:\/\//i.test(value) || /\s/.test(value)) context.refused(path, rule, value);
  else if (url.username !== '' || url.password !== '') {
    const place = options.secrets === undefined ? '' : `; use ${options.secrets}`;
    context.refused(path, `must not hold credentials${place}`, value);
  } else if (options.bare === true && /[?#]/.test(value)) {
    context.refused(path, 'must have no query and no fragment', value);
  }
}

interface LocatedDraft {
  readonly source?: string | undefined;
  readonly auth_header?: string | undefined;
  readonly refresh_interval?: number | null | undefined;
}

/** A document or an overlay: where it is, and options that mean something for URLs only. */
export function checkLocation(draft: LocatedDraft, path: ConfigPath, context: RuleContext): void {
  const { source } = draft;
  if (source === undefined) return;
  if (isUrl(source)) {
    checkUrl(source, [...path, 'source'], context, {
      rule: 'must be a file or an http(s) URL',
      secrets: 'auth_header',
    });
    return;
  }
  const place = [...path, 'source'];
  if (/^[a-z][a-z0-9+.-]+:/i.test(source) && !/^[a-z]:[\\/]/i.test(source)) {
    context.refused(place, 'must be a file or an http(s) URL', source);
  } else if (source.includes('\0')) {
    context.refused(place, 'must be a file or an http(s) URL', source);
  } else {
    if (draft.auth_header) {
      context.broken([...path, 'auth_header'], 'would do nothing: the source is a file');
    }
    if (typeof draft.refresh_interval === 'number') {
      context.broken(
        [...path, 'refresh_interval'],
        'would do nothing: the source is a file, and files are watched',
      );
    }
  }
}
