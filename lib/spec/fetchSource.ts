import { SourceError } from '../errors.js';
import { sha256Of } from '../largeBytes.js';
import { ContentProblem, gunzipped } from './content.js';
import { type Download, DownloadProblem, download } from './download.js';
import { minimumIntervalOf, retryAfterOf } from './freshness.js';
import { redactedLocation } from './location.js';
import type { SourceOutcome, SourceRequest, SourceSnapshot } from './source.js';

/** One GET with these request headers. */
type Ask = (headers: Readonly<Record<string, string>>) => Promise<Download>;

/**
 * One version of a URL, by a conditional GET (RFC 9110 §13) where `previous` has validators. What the server
 * calls a change is checked against the digest: validators differ per edge, per compression, per second.
 *
 * @throws SourceError stage `fetch`; the signal's reason when it aborts for anything but a timeout.
 */
export async function fetchSource(
  request: SourceRequest,
  previous: SourceSnapshot | null,
  signal: AbortSignal,
): Promise<SourceOutcome> {
  const { url, ownHeaders } = addressOf(request);
  const ask: Ask = (headers) =>
    download({
      url,
      headers,
      ownHeaders,
      maxSize: request.maxSize,
      // The operator named this host; where it redirects to is another matter.
      mayBePrivate: (hop) => request.allowPrivate === true || hop.hostname === url.hostname,
      signal,
    });
  try {
    const answer = await askConditionally(ask, previous);
    if (answer.status === 304 && previous !== null) return notModified(previous, answer);
    return await newestVersion(request, previous, answer, ask);
  } catch (error) {
    if (!(error instanceof DownloadProblem || error instanceof ContentProblem)) throw error;
    const retryAfter = error instanceof DownloadProblem ? error.retryAfter : null;
    throw new SourceError('fetch', redactedLocation(request.location), error.message, { retryAfter });
  }
}

/** Credentials written into the URL become the header that they mean, so that they are dropped like one. */
function addressOf({ location, authHeader }: SourceRequest): {
  readonly url: URL;
  readonly ownHeaders: Readonly<Record<string, string>>;
} {
  if (!URL.canParse(location)) {
    throw new SourceError('fetch', redactedLocation(location), 'must be a valid URL');
  }
  const url = new URL(location);
  const userinfo = `${percentDecoded(url.username)}:${percentDecoded(url.password)}`;
  const basic = userinfo === ':' ? '' : `Basic ${Buffer.from(userinfo).toString('base64')}`;
  const authorization = authHeader === '' ? basic : authHeader;
  url.username = '';
  url.password = '';
  url.hash = '';
  return { url, ownHeaders: authorization === '' ? {} : { authorization } };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A 304 comes back only when it was asked for; every other status as it is. */
async function askConditionally(ask: Ask, previous: SourceSnapshot | null): Promise<Download> {
  const validators = validatorsOf(previous);
  const isConditional = Object.keys(validators).length > 0;
  const answer = await ask(validators);
  if (answer.status === 304 && isConditional) return answer;
  const isStale = answer.status === 412 && isConditional;
  if (!isStale && answer.status !== 304) return answer;
  // Without validators there is nothing a 304 or 412 could be about: some cache is confused. Ask past it, once.
  const again = await ask({ 'cache-control': 'no-cache' });
  if (again.status === 304)
    throw new DownloadProblem('must answer 200, answered 304 to a request without validators');
  return again;
}

function validatorsOf(previous: SourceSnapshot | null): Record<string, string> {
  return {
    ...(previous?.etag ? { 'if-none-match': previous.etag } : {}),
    ...(previous?.lastModified ? { 'if-modified-since': previous.lastModified } : {}),
  };
}

function notModified(previous: SourceSnapshot, answer: Download): SourceOutcome {
  const now = Date.now();
  return {
    result: 'not_modified',
    snapshot: {
      ...previous,
      etag: answer.headers['etag'] ?? previous.etag,
      lastModified: answer.headers['last-modified'] ?? previous.lastModified,
      fetchedAt: now,
      minimumInterval: minimumIntervalOf(answer.headers, now) ?? previous.minimumInterval,
    },
  };
}

async function newestVersion(
  request: SourceRequest,
  previous: SourceSnapshot | null,
  answer: Download,
  ask: Ask,
): Promise<SourceOutcome> {
  const encoded = bodyOf(answer);
  // The same bytes as a whole body before are whole; so is what comes out the same twice.
  const bytes = await gunzipped(encoded, request.maxSize);
  const sha256 = await sha256Of(bytes);
  const isSame = previous?.sha256 === sha256;
  if (!answer.isProvenWhole && !isSame) {
    const second = bodyOf(await ask({ 'cache-control': 'no-cache' }));
    if ((await sha256Of(second)) !== (await sha256Of(encoded))) {
      throw new DownloadProblem('must be sent whole: it ends with the connection, and two fetches differ');
    }
  }
  const now = Date.now();
  return {
    result: isSame ? 'unchanged' : 'changed',
    snapshot: {
      location: request.location,
      bytes: isSame ? previous.bytes : bytes,
      sha256,
      etag: answer.headers['etag'] ?? null,
      lastModified: answer.headers['last-modified'] ?? null,
      fetchedAt: now,
      minimumInterval: minimumIntervalOf(answer.headers, now),
    },
  };
}

function bodyOf(answer: Download): Uint8Array {
  if (answer.body !== null) return answer.body;
  throw new DownloadProblem(
    `must answer 200, answered ${answer.status}`,
    retryAfterOf(answer.headers, Date.now()),
  );
}
