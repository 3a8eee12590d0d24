import { messageOf } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import { emptyRecord } from '../record.js';
import type { OnToolCall, ToolCallContext } from './hooks.js';

/** The hook's word in the form the call needs: a refusal, or headers to set. */
export type HookDecision = { readonly deny: string } | { readonly headers: Readonly<Record<string, string>> };

const FAILED: HookDecision = { deny: 'This call was not allowed.' };
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Asks the host's hook. A throw, or a header that cannot be sent, denies the call and tells the operator. */
export async function decisionOf(
  hook: OnToolCall,
  context: ToolCallContext,
  logger: Logger,
): Promise<HookDecision> {
  try {
    const decision = await hook(context);
    if (decision === undefined || decision === null) return { headers: {} };
    if ('deny' in decision) return { deny: String(decision.deny) };
    return { headers: checkedHeaders(decision.headers) };
  } catch (error) {
    const { tool, upstream } = context;
    logger.error({ tool, upstream, error: messageOf(error) }, 'onToolCall failed; the call was denied');
    return FAILED;
  }
}

function checkedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const checked = emptyRecord<string>();
  for (const [name, value] of Object.entries(headers)) {
    if (!TOKEN.test(name)) throw new Error('onToolCall returned a header with an invalid name');
    if (typeof value !== 'string' || CONTROL_CHARACTER.test(value)) {
      throw new Error(`onToolCall returned a value for ${name} that no header can carry`);
    }
    checked[name.toLowerCase()] = Buffer.from(value, 'utf8').toString('latin1');
  }
  return checked;
}
