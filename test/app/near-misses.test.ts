import { expect, test } from 'vitest';
import { nearMisses, SERVER_VARIABLES } from '../../server/index.ts';

const found = (...names: string[]) =>
  nearMisses(Object.fromEntries(names.map((name) => [name, 'x'])), SERVER_VARIABLES).map(
    ({ name, meant }) => `${name}: ${meant}`,
  );

test.each([
  ['REDSI_URL', 'REDIS_URL'],
  ['REDIS_URI', 'REDIS_URL'],
  ['REDISURL', 'REDIS_URL'],
  ['redis_url', 'REDIS_URL'],
  ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
  ['ALLOW_ORIGINS', 'ALLOWED_ORIGINS'],
  ['ALOWED_HOST', 'ALLOWED_HOSTS'],
  ['AUTH_API_KEY', 'AUTH_API_KEYS'],
  ['AUTH_JWT_SECERT', 'AUTH_JWT_SECRET'],
  ['MAX_CONNECTION_PER_ADDRES', 'MAX_CONNECTIONS_PER_ADDRESS'],
  ['HSOT', 'HOST'],
  ['PROT', 'PORT'],
  ['DRAIN-MS', 'DRAIN_MS'],
])('%s is recognised as a slip for %s', (name, meant) => expect(found(name)).toEqual([`${name}: ${meant}`]));

test('variables that are right, empty or of other programs are no slips', () => {
  expect(found(...SERVER_VARIABLES)).toEqual([]);
  expect(nearMisses({ REDSI_URL: '', PROT: undefined }, SERVER_VARIABLES)).toEqual([]);
  const common =
    `PATH HOME HOSTNAME HOSTTYPE USER LOGNAME SHELL TERM LANG LC_ALL PWD OLDPWD TZ TMP TMPDIR TEMP EDITOR PAGER
    MAIL DISPLAY CI DEBUG COLUMNS LINES SHLVL _ XDG_DATA_DIRS XDG_DATA_HOME DOCKER_HOST DATABASE_URL REDIS_HOST REDIS_PORT
    REDIS_PASSWORD NODE_ENV NODE_OPTIONS NODE_PATH NODE_HOME NODE_VERSION NODE_EXTRA_CA_CERTS npm_config_host
    npm_lifecycle_event npm_package_name INIT_CWD KUBERNETES_PORT KUBERNETES_SERVICE_HOST POD_NAME HTTP_PROXY NO_PROXY
    OTEL_SERVICE_NAME AWS_REGION LOG_FORMAT JWT_SECRET API_KEYS METRICS TRACE SECRET`.split(/\s+/);
  expect(found(...common)).toEqual([]);
});
