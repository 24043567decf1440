import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Secret, Service } from 'kubernetes-models/v1';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig, SERVER_VARIABLES } from '../../server/index.ts';
import { startTestServer } from '../app/harness.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, 'deploy', path), 'utf8');

// biome-ignore lint/suspicious/noExplicitAny: what a YAML file holds
type Yaml = any;

const dockerfile = read('Dockerfile');
const compose: Yaml = parse(read('compose.yaml'), { merge: true });
const nginx = read('nginx.conf');
const manifests: Yaml[] = ['psyche-events.yaml', 'redis.yaml'].flatMap((file) =>
  parseAllDocuments(read(`kubernetes/${file}`)).map((document) => document.toJS()),
);
const manifest = (kind: string, name = 'psyche-events'): Yaml =>
  manifests.find((each) => each.kind === kind && each.metadata.name === name);

const pod = manifest('Deployment').spec.template.spec;
const container = pod.containers[0];

/** `ENV` of the image. */
const imageEnv = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (.+)$/gm)].flatMap(([, pairs = '']) =>
    pairs.split(' ').map((pair) => pair.split('=') as [string, string]),
  ),
);
/** Settings of each kind of container. */
const environments: Record<string, Record<string, string>> = {
  'node-1 of compose': { ...imageEnv, ...compose.services['node-1'].environment },
  'node-2 of compose': { ...imageEnv, ...compose.services['node-2'].environment },
  'the pods': {
    ...imageEnv,
    ...manifest('ConfigMap').data,
    ...manifest('Secret').stringData,
    ...Object.fromEntries(container.env.map(({ name }: Yaml) => [name, 'pod-1'])),
  },
};
/** `REDIS_URL` of `redisUrl`, for all options there are. */
const variables = new Set(SERVER_VARIABLES);

describe('environment variables', () => {
  test.each(Object.entries(environments))(
    'in %s are all options of the server, and have valid values',
    (_, env) => {
      const { NODE_ENV, ...own } = env;
      expect(NODE_ENV).toBe('production');
      expect(Object.keys(own).filter((name) => !variables.has(name))).toEqual([]);
      expect(Object.values(own).every((value) => typeof value === 'string')).toBe(true);
      const config = loadConfig({}, env);
      expect(config).toMatchObject({ host: '0.0.0.0', port: 3000, drainMs: expect.any(Number) });
      // A server that everybody reaches does not start otherwise.
      expect(config.allowAnonymous || config.authJwtSecret !== null).toBe(true);
    },
  );

  test('control: are noticed when they are no options', () => {
    expect(variables.has('DRAIN_MS')).toBe(true);
    expect(variables.has('DRAIN_SECONDS')).toBe(false);
  });
});

describe('ports and paths', () => {
  const port = Number(imageEnv['PORT']);

  test('agree everywhere', () => {
    expect(dockerfile).toContain(`EXPOSE ${port}\n`);
    expect(container.ports).toEqual([{ name: 'http', containerPort: port }]);
    expect(manifest('Service').spec.ports[0].targetPort).toBe('http');
    for (const [, server, at] of nginx.matchAll(/^ +server (node-\d+):(\d+)/gm)) {
      expect(compose.services[server ?? '']).toBeDefined();
      expect(Number(at)).toBe(port);
    }
    const listens = /listen (\d+);/.exec(nginx)?.[1];
    expect(compose.services.nginx.ports).toEqual([`127.0.0.1:8080:${listens}`]);
    expect(manifest('Service', 'psyche-events-redis').spec.ports[0].port).toBe(6379);
    expect(environments['the pods']?.['REDIS_URL']).toBe('redis://psyche-events-redis:6379');
    expect(environments['node-1 of compose']?.['REDIS_URL']).toBe('redis://redis:6379');
  });

  test('let every probe be answered, and a stopping server is no longer ready', async () => {
    const { readinessProbe, livenessProbe } = container;
    await using server = await startTestServer();
    const status = async (path: string) => (await fetch(`${server.url}${path}`)).status;
    expect(await status(readinessProbe.httpGet.path)).toBe(200);
    expect(await status(livenessProbe.httpGet.path)).toBe(200);
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
    const health = `${/HEALTHCHECK[\s\S]*?CMD (\[.*\])/.exec(dockerfile)?.[1]} ${JSON.stringify(compose.services['node-1'].healthcheck.test)}`;
    const paths = [...health.matchAll(/(?:\d+|\$\{process\.env\.PORT\})(\/\w+)/g)].map(
      ([, path = '']) => path,
    );
    expect(paths).toEqual(['/healthz', '/readyz']);
  });

  test('let nginx pass on what WebSockets and event streams need', () => {
    for (const line of [
      'proxy_http_version 1.1;',
      'proxy_set_header Upgrade $http_upgrade;',
      'proxy_set_header Host $http_host;',
      'proxy_buffering off;',
      'proxy_next_upstream error timeout http_503;',
    ]) {
      expect(nginx).toContain(line);
    }
    // More than the time between two pings.
    expect(Number(/proxy_read_timeout (\d+)s/.exec(nginx)?.[1])).toBeGreaterThan(25);
  });
});

describe('time to drain', () => {
  /** Beyond DRAIN_MS: two seconds for the last to move, one for the closing handshake, and some to end in. */
  const CLOSING_S = 5;

  test('is enough in Kubernetes for preStop and the drain', () => {
    const preStop = Number(container.lifecycle.preStop.exec.command[1]);
    const drain = Number(manifest('ConfigMap').data.DRAIN_MS) / 1000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(preStop + drain + CLOSING_S);
  });

  test('is enough in compose for the drain', () => {
    for (const name of ['node-1', 'node-2']) {
      const { stop_grace_period, environment } = compose.services[name];
      const drain = Number(environment.DRAIN_MS) / 1000;
      expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThanOrEqual(drain + CLOSING_S);
    }
  });
});

describe('manifests', () => {
  const models: Yaml = {
    Deployment,
    StatefulSet,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    ConfigMap,
    Secret,
    Service,
  };

  test.each(manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each]))(
    'are valid by the schema of their kind: %s',
    (_, each) => {
      const model = new models[each.kind](each);
      expect(() => model.validate()).not.toThrow();
      expect(model.apiVersion).toBe(each.apiVersion);
    },
  );

  test('leave the number of nodes to the autoscaler, which an apply would undo', () => {
    const { scaleTargetRef } = manifest('HorizontalPodAutoscaler').spec;
    expect(manifest(scaleTargetRef.kind, scaleTargetRef.name).spec.replicas).toBeUndefined();
  });

  test('name the image of this version, which a machine that has it does not ask a registry for', () => {
    const image = `psyche-events:${JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version}`;
    expect(container).toMatchObject({ image, imagePullPolicy: 'IfNotPresent' });
    expect(dockerfile).toContain(` -t ${image} .\n`);
  });

  test('start without the Secret where the keys are published', () => {
    const [, { secretRef }] = container.envFrom;
    expect(secretRef).toEqual({ name: 'psyche-events', optional: true });
    const keys = { AUTH_JWKS_URL: 'https://login.example.org/keys' };
    const env = { ...imageEnv, ...manifest('ConfigMap').data, ...keys };
    expect(loadConfig({}, env)).toMatchObject({ authJwtSecret: null, authJwksUrl: keys.AUTH_JWKS_URL });
    // The reason why the Secret is to be taken out.
    expect(() => loadConfig({}, { ...env, ...manifest('Secret').stringData })).toThrow('AUTH_JWT_SECRET');
  });

  test('control: are refused when they are wrong', () => {
    const wrong = structuredClone(manifest('Deployment'));
    wrong.spec.template.spec.containers[0].ports[0].containerPort = 'http';
    expect(() => new Deployment(wrong).validate()).toThrow();
  });

  test('have selectors that match their pods, and references to what exists', () => {
    const { labels } = manifest('Deployment').spec.template.metadata;
    expect(manifest('Deployment').spec.selector.matchLabels).toEqual(labels);
    expect(manifest('Service').spec.selector).toEqual(labels);
    expect(manifest('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels);
    expect(manifest('HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe('psyche-events');
    for (const { configMapRef, secretRef } of container.envFrom) {
      expect(manifest(configMapRef ? 'ConfigMap' : 'Secret', (configMapRef ?? secretRef).name)).toBeDefined();
    }
    const redis = manifest('StatefulSet', 'psyche-events-redis').spec;
    expect(manifest('Service', 'psyche-events-redis').spec.selector).toEqual(redis.selector.matchLabels);
    expect(redis.template.spec.containers[0].volumeMounts[0].name).toBe(
      redis.volumeClaimTemplates[0].metadata.name,
    );
  });

  test('let no container run as root, or write where it runs', () => {
    expect(pod.securityContext.runAsNonRoot).toBe(true);
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    });
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(compose.services['node-1']).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  });
});

describe('the image', () => {
  const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) =>
    from.split(' '),
  );

  test('copies existing files that the build context includes', () => {
    const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8');
    const allowed = [...ignore.matchAll(/^!(.+)$/gm)].map(([, path = '']) => path);
    expect(allowed.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(copies.filter((path) => path !== '.' && !allowed.includes(path))).toEqual([]);
    const scripts: string = JSON.stringify(
      JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts.build,
    );
    expect(scripts).toContain('build:lib');
    const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8'));
    expect(include).toContain('cli');
    expect(allowed).toEqual(
      expect.arrayContaining([
        ...include,
        'dashboard',
        'tsconfig.build.json',
        'vite.config.ts',
        'scripts/remove-stale.mjs',
      ]),
    );
  });

  test('runs the command of the package', () => {
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(dockerfile).toContain(`ENTRYPOINT ["node", "${bin['psyche-events']}"]`);
    expect(dockerfile).toContain('CMD ["serve"]\n');
    expect(dockerfile).toContain('npm ci --omit=dev');
  });
});
