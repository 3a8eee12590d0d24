{{- define "mcp-anything.scrape" -}}
path: {{ .Values.server.metricsPath }}
{{- end }}

{{/* What a ServiceMonitor and a PodMonitor have in common; the context is the values of the one. */}}
{{- define "mcp-anything.scrapeOptions" -}}
{{- range $key := list "interval" "scrapeTimeout" }}
{{- with index $ $key }}
{{ $key }}: {{ . }}
{{- end }}
{{- end }}
{{- range $key := list "relabelings" "metricRelabelings" }}
{{- with index $ $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Label matchers of this release's series. The operator sets `job` to the Service's name for a ServiceMonitor, and to
namespace/name of a PodMonitor.
*/}}
{{- define "mcp-anything.seriesSelector" -}}
{{- $name := include "mcp-anything.fullname" . }}
{{- if .Values.monitoring.prometheusRule.selector }}
{{- .Values.monitoring.prometheusRule.selector }}
{{- else if .Values.monitoring.podMonitor.enabled }}
{{- printf "job=\"%s/%s\"" .Release.Namespace $name }}
{{- else }}
{{- printf "namespace=\"%s\",job=\"%s\"" .Release.Namespace $name }}
{{- end }}
{{- end }}
