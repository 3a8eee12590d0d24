/** JSON-RPC 2.0, section 5.1. */
export const INVALID_PARAMS = -32602;
/** JSON-RPC 2.0, section 5.1. */
export const INTERNAL_ERROR = -32603;

/** A protocol error for the client: both SDKs put `code` and `message` on the wire as they are. */
export class ProtocolFault extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'ProtocolFault';
    this.code = code;
  }
}

const SHOWN_NAME_LENGTH = 128;

export function unknownTool(name: string): ProtocolFault {
  const shown = name.length > SHOWN_NAME_LENGTH ? `${name.slice(0, SHOWN_NAME_LENGTH)}…` : name;
  return new ProtocolFault(INVALID_PARAMS, `Unknown tool: ${shown}`);
}

/** Says nothing of what happened: the log does. */
export function internalFault(): ProtocolFault {
  return new ProtocolFault(INTERNAL_ERROR, 'Internal error');
}
