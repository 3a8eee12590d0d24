export type { CallToolResult, ContentBlock } from './call/callToolResult.js';
export type { Caller, OnToolCall, ToolCallContext, ToolCallDecision } from './call/hooks.js';
export type { Config, GroupConfig, LoadedConfig, ServerConfig, UpstreamConfig } from './config/config.js';
export { loadConfig } from './config/load.js';
export {
  ConfigError,
  type ErrorCode,
  LoadError,
  type LoadStage,
  McpAnythingError,
  SourceError,
  UpstreamLoadError,
} from './errors.js';
export { isJsonObject, type Json, type JsonObject } from './json.js';
export {
  type McpAnythingEvents,
  type McpAnythingHandler,
  type McpAnythingOptions,
  mcpAnything,
  type NotReadyReason,
  type ReloadOptions,
} from './mcpAnything.js';
export { type Logger, silentLogger } from './observe/logger.js';
export {
  type OfflineGroup,
  type OfflineTable,
  type OfflineTool,
  type OpenTableOptions,
  openTable,
} from './offlineTable.js';
export type { ReloadReport, ReloadTrigger } from './reload/report.js';
export type { EndpointDiff } from './table/diff.js';
export type { ListedTool, ToolAnnotations } from './tools/tool.js';
export { version } from './version.js';
