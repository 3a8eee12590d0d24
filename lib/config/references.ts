import type { CredentialDraft, Draft, InboundDraft, Loose } from './draft.js';
import type { ConfigPath } from './path.js';

/** A file that the config names and that is neither a document nor an overlay. */
export interface FileReference {
  readonly path: ConfigPath;
  /** As written. */
  readonly file: string;
  readonly holds: 'certificate' | 'secret' | 'keys';
}

type Section = Readonly<Record<string, unknown>> | undefined;

/** The files that what is switched on needs: TLS files, credentials, keys of callers. */
export function fileReferences(draft: Loose<Draft>): FileReference[] {
  const references: FileReference[] = [];

  function collect(section: Section, path: ConfigPath, holds: FileReference['holds']): void {
    for (const [key, value] of Object.entries(section ?? {})) {
      if (key.endsWith('_file') && typeof value === 'string') {
        references.push({ path: [...path, key], file: value, holds });
      }
    }
  }

  function collectCredential(credential: Loose<CredentialDraft> | undefined, path: ConfigPath): void {
    const strategy = credential?.strategy ?? 'none';
    if (strategy !== 'none') collect(credential?.[strategy], [...path, strategy], 'secret');
  }

  function collectInbound(auth: Loose<InboundDraft> | undefined, path: ConfigPath): void {
    if (auth?.strategy === 'apikey') collect(auth.apikey, [...path, 'inbound_auth', 'apikey'], 'keys');
  }

  for (const [index, upstream] of (draft.upstreams ?? []).entries()) {
    if (upstream === undefined || upstream.enabled === false) continue;
    const path = ['upstreams', index];
    collect(upstream.tls, [...path, 'tls'], 'certificate');
    collectCredential(upstream.outbound_auth, [...path, 'outbound_auth']);
    for (const [scheme, credential] of Object.entries(upstream.outbound_auth?.schemes ?? {})) {
      collectCredential(credential, [...path, 'outbound_auth', 'schemes', scheme]);
    }
    collectInbound(upstream.inbound_auth, path);
  }
  for (const [index, group] of (draft.groups ?? []).entries()) {
    collectInbound(group?.inbound_auth, ['groups', index]);
  }
  collectInbound(draft.inbound_auth, []);
  return references;
}
