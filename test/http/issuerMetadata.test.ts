import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuthServers } from '../../lib/http/authServer.js';
import { IssuerMetadata } from '../../lib/http/issuerMetadata.js';
import { CollectedLog } from '../support/collectedLog.js';
import { Issuer } from '../support/issuer.js';
import { until } from '../support/until.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;

let issuer: Issuer;
let servers: AuthServers;
let log: CollectedLog;
let metadata: IssuerMetadata;
let now: number;

beforeEach(async () => {
  issuer = await Issuer.start();
  servers = new AuthServers({ timeout: 300 });
  log = new CollectedLog();
  now = 0;
  metadata = new IssuerMetadata(issuer.url, servers, log, () => now);
});

afterEach(async () => {
  servers.close();
  await issuer[Symbol.asyncDispose]();
});

const keys = () => metadata.endpoint('jwks_uri');

test('what is known serves while it is asked for anew after an hour', async () => {
  expect(await keys()).toBe(`${issuer.url}/jwks`);
  issuer.metadata = { jwks_uri: `${issuer.url}/moved` };
  now = HOUR - 1;
  expect(await keys()).toBe(`${issuer.url}/jwks`);
  expect(issuer.requests).toHaveLength(1);
  now = HOUR;
  expect(await keys()).toBe(`${issuer.url}/jwks`);
  await until(async () => (await keys()) === `${issuer.url}/moved`);
  expect(issuer.requests).toHaveLength(2);
});

test('an issuer that hangs then holds nobody up, and is asked again after a minute', async () => {
  await keys();
  issuer.manner = () => {};
  now = HOUR;
  // Whoever waited for the issuer would wait until the timeout, and what is logged then would be there.
  for (let count = 0; count < 20; count += 1) expect(await keys()).toBe(`${issuer.url}/jwks`);
  expect(log.lines).toEqual([]);
  await until(() => log.of('warn').length === 1);
  now = HOUR + MINUTE - 1;
  await keys();
  expect(issuer.requests).toHaveLength(2);
  issuer.manner = null;
  issuer.metadata = { jwks_uri: `${issuer.url}/moved` };
  now = HOUR + MINUTE;
  // Servers that did not answer get a second of rest by the real clock.
  await until(
    async () => {
      now += MINUTE;
      return (await keys()) === `${issuer.url}/moved`;
    },
    { within: 5_000 },
  );
});
