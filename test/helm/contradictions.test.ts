import { describe, expect, test } from 'vitest';
import { chart, render } from '../support/renderedChart.js';

/** The first use of Helm may have to fetch it. */
const FETCH = 120_000;

/** Values that contradict each other, and the sentence that Helm fails with. */
const contradictions: readonly (readonly [values: object, sentence: string])[] = [
  [{ enabled: false }, 'enabled: false does nothing here; name `condition: mcp-anything.enabled`'],
  [{ mode: 'app' }, 'app.image is empty but mode is app; set app.image, or set mode to standalone.'],
  [
    { app: { image: 'shop:1' } },
    'app.image is set but mode is standalone; set mode to app, or remove app.image.',
  ],
  [
    { sidecar: { selectorLabels: { app: 'shop' } } },
    'sidecar.selectorLabels is set but mode is standalone; set mode to sidecar, or remove sidecar.selectorLabels.',
  ],
  ...['autoscaling', 'podDisruptionBudget', 'networkPolicy'].map(
    (feature) =>
      [
        { mode: 'sidecar', [feature]: { enabled: true } },
        `${feature}.enabled is true but mode is sidecar; the pods are the parent chart's, so make it there and remove it here.`,
      ] as const,
  ),
  [
    { mode: 'sidecar', ingress: { enabled: true } },
    "there is no Service to send requests to; set sidecar.selectorLabels to labels of the parent's pods.",
  ],
  [
    { ingress: { enabled: true }, service: { enabled: false } },
    'ingress.enabled is true but service.enabled is false; enable the Service that it sends requests to.',
  ],
  [
    { ingress: { enabled: true }, server: { adminPort: null } },
    'ingress.hosts: mcp.example.com without paths would publish the metrics; set server.adminPort',
  ],
  [
    { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 2 } },
    'autoscaling.minReplicas is 5 but maxReplicas is 2; raise maxReplicas or lower minReplicas.',
  ],
  [
    { autoscaling: { enabled: true, targetCPUUtilizationPercentage: null } },
    'autoscaling.enabled is true without a target; set autoscaling.targetCPUUtilizationPercentage',
  ],
  [
    { autoscaling: { enabled: true }, resources: { requests: { cpu: null } } },
    'autoscaling looks at cpu as a share of the request, but resources.requests.cpu is not set; set it.',
  ],
  [
    { mode: 'app', app: { image: 'shop:1' }, autoscaling: { enabled: true } },
    'autoscaling looks at cpu as a share of the request, but app.resources.requests.cpu is not set; set it.',
  ],
  [
    { podDisruptionBudget: { enabled: true, minAvailable: 1, maxUnavailable: 1 }, replicaCount: 3 },
    'podDisruptionBudget.minAvailable and maxUnavailable are both set; remove one of them.',
  ],
  [
    { podDisruptionBudget: { enabled: true, minAvailable: 1 } },
    'podDisruptionBudget.minAvailable is 1 of 1 pods, which blocks every node drain; run more pods',
  ],
  [
    { networkPolicy: { enabled: true, adminFrom: [{ podSelector: {} }] }, server: { adminPort: null } },
    'networkPolicy.adminFrom is set but health and metrics are on server.port; set server.adminPort',
  ],
  [
    { terminationGracePeriodSeconds: 10 },
    'terminationGracePeriodSeconds is 10, but server.shutdownDelay and server.shutdownTimeout take up to 15 s; raise it',
  ],
  [{ server: { adminPort: 8080 } }, 'server.adminPort is server.port; set it to another port, or to null'],
  [
    { service: { adminPort: 8080 }, monitoring: { serviceMonitor: { enabled: true } } },
    'service.adminPort is service.port; set one of them to another port.',
  ],
  [
    {
      mode: 'app',
      app: { image: 'shop:1', ports: [{ name: 'http', containerPort: 3000, servicePort: 8080 }] },
    },
    'app.ports: http has servicePort 8080, which is service.port; set one of them to another port.',
  ],
  [
    { config: { existingConfigMap: 'mine', content: { upstreams: [] } } },
    'config.existingConfigMap and config.content are both set; remove one of them.',
  ],
  ...['specs', 'overlays'].map(
    (kind) =>
      [
        { config: { existingConfigMap: 'mine' }, [kind]: { existingConfigMap: 'mine', files: { a: 'b' } } },
        `${kind}.existingConfigMap and ${kind}.files are both set; remove one of them.`,
      ] as const,
  ),
  [
    { specs: { files: { 'shop.yaml': 'openapi: 3.1.0' } } },
    'specs are set but no config names them; set config.content or config.existingConfigMap.',
  ],
  [
    { config: { existingConfigMap: 'mine' }, specs: { files: { 'big.json': 'x'.repeat(1_048_577) } } },
    'specs hold 1048585 bytes, but a ConfigMap holds at most 1048576; name a URL in the config, or gzip',
  ],
  [
    { config: { content: { server: { port: 9999 } } } },
    'config.content.server.port is also server.port, which ports, probes and the grace period follow; set server.port only.',
  ],
  [
    { config: { content: { server: { shutdown_delay: '9s' } } } },
    'config.content.server.shutdown_delay is also server.shutdownDelay, which',
  ],
  [
    { config: { content: { upstreams: [{ name: 'shop', openapi: { source: '../specs/shop.yaml' } }] } } },
    'config.content: upstream "shop" names ../specs/shop.yaml, but specs.files has no "shop.yaml"; add it, or correct',
  ],
  [
    {
      config: {
        content: {
          upstreams: [
            {
              name: 'shop',
              openapi: { source: 'https://example.com/shop.yaml' },
              overlay: [{ source: '/etc/mcp-anything/overlays/shop.yaml' }],
            },
          ],
        },
      },
    },
    'names /etc/mcp-anything/overlays/shop.yaml, but overlays.files has no "shop.yaml"; add it, or correct the path.',
  ],
  [
    {
      mode: 'sidecar',
      config: {
        content: { upstreams: [{ name: 'shop', openapi: { source: 'http://localhost:3000/o.json' } }] },
      },
    },
    'a native sidecar must be ready before the app starts; set sidecar.native to false, or put the document in specs.files.',
  ],
  [
    { monitoring: { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } } },
    'are both enabled, so every sample would be taken twice; disable one of them.',
  ],
  [
    { mode: 'sidecar', monitoring: { serviceMonitor: { enabled: true } } },
    'monitoring.serviceMonitor.enabled is true but there is no Service; enable the Service (with mode sidecar, set',
  ],
  [
    { mode: 'sidecar', monitoring: { podMonitor: { enabled: true } } },
    "but which pods is not known; set sidecar.selectorLabels to labels of the parent's pods.",
  ],
  [
    { monitoring: { prometheusRule: { enabled: true } } },
    "but which series are this release's is not known; enable monitoring.podMonitor or monitoring.serviceMonitor, or set",
  ],
];

/** Values that are wrong by themselves, and what the complaint names; its words differ between releases of Helm. */
const mistakes: readonly (readonly [values: object, complaint: RegExp])[] = [
  [{ replicaCont: 2 }, /propert.*replicaCont.*not allowed/],
  [{ server: { admin_port: 9090 } }, /server.*propert.*admin_port.*not allowed/],
  [{ mode: 'daemon' }, /mode.*must be one of.*standalone.*app.*sidecar/],
  [{ server: { shutdownDelay: '5 seconds' } }, /server.shutdownDelay.*match pattern/],
  [{ server: { port: '8080' } }, /server.port.*integer/],
  [{ image: { digest: 'abc' } }, /image.digest.*match pattern/],
  [{ secrets: { files: [{ name: 'a/b', secretName: 'x' }] } }, /secrets.files.0.name.*match pattern/],
  [{ specs: { files: { 'sub/dir.yaml': '' } } }, /match pattern '\^\[-\._a-zA-Z0-9\]\+\$'/],
  [
    { monitoring: { prometheusRule: { toolCallErrorRatio: 5 } } },
    /toolCallErrorRatio.*(maximum|less than or equal)/,
  ],
];

describe('values of the chart', () => {
  test.each(contradictions.map(([values, sentence]) => ({ values, sentence })))(
    'contradict: $sentence',
    {
      timeout: FETCH,
    },
    async ({ values, sentence }) => {
      await expect(render(chart, { values })).rejects.toThrow(sentence);
    },
  );

  test.each(mistakes)('are checked strictly: %j', { timeout: FETCH }, async (values, complaint) => {
    await expect(render(chart, { values })).rejects.toThrow(complaint);
  });

  test('ask for a native sidecar only of a Kubernetes that has it', { timeout: FETCH }, async () => {
    const values = { mode: 'app', app: { image: 'shop:1' } };
    await expect(render(chart, { values, kubeVersion: '1.28.4' })).rejects.toThrow(
      'sidecar.native needs Kubernetes 1.29 or newer and this is v1.28.4; set sidecar.native to false.',
    );
    await render(chart, { values, kubeVersion: '1.29.0' });
    await render(chart, { values: { ...values, sidecar: { native: false } }, kubeVersion: '1.28.4' });
  });

  test('are all complained about at once', { timeout: FETCH }, async () => {
    const values = { server: { adminPort: 8080 }, terminationGracePeriodSeconds: 1 };
    const complaints = render(chart, { values });
    await expect(complaints).rejects.toThrow('server.adminPort is server.port');
    await expect(complaints).rejects.toThrow('terminationGracePeriodSeconds is 1');
  });
});
