{{/*
What parent charts include; the context is that of the dependency:
  {{- include "mcp-anything.sidecarContainer" (index .Subcharts "mcp-anything") | nindent 8 }}
An entry of `initContainers`, or with sidecar.native: false of `containers`.
*/}}
{{- define "mcp-anything.sidecarContainer" -}}
{{- if ne .Values.mode "sidecar" }}
{{- fail (printf "%s.mode: a chart that includes \"mcp-anything.sidecarContainer\" must set it to sidecar, or a Deployment of the proxy alone is made as well" .Chart.Name) }}
{{- end -}}
- {{ include "mcp-anything.container" . | nindent 2 | trim }}
  {{- if .Values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
{{- end }}

{{/* Entries of the pod's `volumes`. */}}
{{- define "mcp-anything.sidecarVolumes" -}}
{{- include "mcp-anything.volumes" . | trim }}
{{- end }}
