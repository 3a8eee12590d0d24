{{/* A duration such as 500ms, 30s, 5m or 1h, in whole seconds, rounded up. Call with (list key value). */}}
{{- define "mcp-anything.seconds" -}}
{{- $key := index . 0 }}
{{- $text := toString (index . 1) }}
{{- if not (regexMatch "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$" $text) }}
{{- fail (printf "%s: must be a duration such as 500ms, 30s, 5m or 1h, got %q" $key $text) }}
{{- end }}
{{- $unit := regexFind "[a-z]+$" $text }}
{{- $number := trimSuffix $unit $text | float64 }}
{{- mulf $number (index (dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0) $unit) | ceil | int }}
{{- end }}

{{/* How long the kubelet waits for a stopping pod: for parent charts, as `terminationGracePeriodSeconds`. */}}
{{- define "mcp-anything.terminationGracePeriodSeconds" -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds }}
{{- add (include "mcp-anything.shutdownSeconds" . | int) 5 }}
{{- else }}
{{- int .Values.terminationGracePeriodSeconds }}
{{- end }}
{{- end }}

{{/* How long the process may take to stop. */}}
{{- define "mcp-anything.shutdownSeconds" -}}
{{- $delay := include "mcp-anything.seconds" (list "server.shutdownDelay" .Values.server.shutdownDelay) | int }}
{{- $timeout := include "mcp-anything.seconds" (list "server.shutdownTimeout" .Values.server.shutdownTimeout) | int }}
{{- add $delay $timeout }}
{{- end }}
