import { createSecureContext } from 'node:tls';
import type { TlsConfig } from '../config/config.js';
import { SourceError } from '../errors.js';
import { readFileOf, type SecretStore } from './secret.js';

/** The part of Node's TLS options that the config decides. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/**
 * Reads the TLS files once and checks that OpenSSL accepts them.
 * @throws SourceError stage `client`
 */
export function tlsOptionsOf(config: TlsConfig, store: SecretStore): TlsOptions {
  const read = (key: 'ca_file' | 'cert_file' | 'key_file') => {
    const path = config[key];
    return path === null ? null : readFileOf(store, `tls.${key}`, path);
  };
  const [ca, cert, key] = [read('ca_file'), read('cert_file'), read('key_file')];
  const options = {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(config.server_name === null ? {} : { servername: config.server_name }),
    rejectUnauthorized: !config.insecure_skip_verify,
  };
  try {
    createSecureContext(options);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw new SourceError('client', 'tls', `the certificates or the key are not usable (${code})`);
  }
  return options;
}
