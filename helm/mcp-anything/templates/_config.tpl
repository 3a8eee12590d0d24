{{/* Names of the three ConfigMaps, and whether they are of this chart. Call with (list . "config"). */}}
{{- define "mcp-anything.configMapName" -}}
{{- $root := index . 0 }}
{{- $kind := index . 1 }}
{{- $existing := (index $root.Values $kind).existingConfigMap }}
{{- if $existing }}
{{- tpl $existing $root }}
{{- else }}
{{- printf "%s-%s" (include "mcp-anything.fullname" $root) $kind }}
{{- end }}
{{- end }}

{{/* The demo's config: an upstream that is the proxy itself. */}}
{{- define "mcp-anything.demoConfig" -}}
upstreams:
  - name: proxy
    type: http
    base_url: http://127.0.0.1:{{ include "mcp-anything.adminPort" . }}
    openapi:
      source: ../specs/proxy.yaml
{{- end }}

{{/* "true" where nothing was configured and the demo is what runs. */}}
{{- define "mcp-anything.isDemo" -}}
{{- if not (or .Values.config.existingConfigMap .Values.config.content) }}true{{ end }}
{{- end }}

{{/* The config's own keys, as the operator or the demo wrote them. */}}
{{- define "mcp-anything.writtenConfig" -}}
{{- if include "mcp-anything.isDemo" . }}
{{- include "mcp-anything.demoConfig" . }}
{{- else }}
{{- toYaml .Values.config.content }}
{{- end }}
{{- end }}

{{/* The text of the config: what was written, and the listener as the values of the chart have it. */}}
{{- define "mcp-anything.configText" -}}
{{- $config := include "mcp-anything.writtenConfig" . | fromYaml }}
{{- $server := dict "metrics_path" .Values.server.metricsPath }}
{{- $_ := set $server "shutdown_delay" .Values.server.shutdownDelay }}
{{- $_ := set $server "shutdown_timeout" .Values.server.shutdownTimeout }}
{{- $_ := set $server "port" (int .Values.server.port) }}
{{- if .Values.server.adminPort }}
{{- $_ := set $server "admin_port" (int .Values.server.adminPort) }}
{{- end }}
{{- $_ := set $config "server" (merge (default dict $config.server) $server) }}
{{- toYaml $config }}
{{- end }}

{{/* The endpoints of the config's groups as a JSON list: what is known of them without reading other ConfigMaps. */}}
{{- define "mcp-anything.endpoints" -}}
{{- $endpoints := list }}
{{- range .Values.config.content.groups }}
{{- $endpoints = append $endpoints .endpoint }}
{{- end }}
{{- toJson (default (list "/mcp") $endpoints) }}
{{- end }}
