import { HttpServer } from './httpServer.js';

/** A ConfigMap as a client reads it. */
export interface StoredConfigMap {
  readonly name: string;
  readonly namespace: string;
  readonly data: Readonly<Record<string, string>>;
}

const KINDS = {
  v1: ['ConfigMap', 'Pod', 'Service', 'ServiceAccount'],
  'apps/v1': ['Deployment'],
} as const;

/** As much of the Kubernetes API as Helm's `lookup` of a ConfigMap needs: discovery, and the object. */
export function startApiServer({ name, namespace, data }: StoredConfigMap): Promise<HttpServer> {
  const pages = new Map<string, unknown>([
    ['/version', { major: '1', minor: '34', gitVersion: 'v1.34.0' }],
    ['/api', { kind: 'APIVersions', versions: ['v1'] }],
    ['/api/v1', resourceList('v1')],
    [
      '/apis',
      {
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: [{ name: 'apps', versions: [{ groupVersion: 'apps/v1', version: 'v1' }] }],
      },
    ],
    ['/apis/apps/v1', resourceList('apps/v1')],
    [
      `/api/v1/namespaces/${namespace}/configmaps/${name}`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data },
    ],
  ]);
  return HttpServer.start((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://cluster');
    const page = pages.get(pathname);
    const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(page ?? missing));
  });
}

function resourceList(groupVersion: keyof typeof KINDS): unknown {
  const resources = KINDS[groupVersion].map((kind) => ({
    name: `${kind.toLowerCase()}s`,
    singularName: kind.toLowerCase(),
    namespaced: true,
    kind,
    verbs: ['get', 'list'],
  }));
  return { kind: 'APIResourceList', groupVersion, resources };
}
