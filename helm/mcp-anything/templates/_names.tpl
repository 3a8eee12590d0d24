{{/* The chart's name, 63 characters at most. With an alias of the dependency, the alias. */}}
{{- define "mcp-anything.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of every object; 52 characters at most, so that suffixes fit in 63. */}}
{{- define "mcp-anything.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mcp-anything.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "mcp-anything.labels" -}}
helm.sh/chart: {{ include "mcp-anything.chart" . }}
{{ include "mcp-anything.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Never with a version: selectors cannot change. */}}
{{- define "mcp-anything.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mcp-anything.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The labels of the pods that hold mcp-anything, whoever made them; empty when the parent chart did not say. */}}
{{- define "mcp-anything.podSelector" -}}
{{- if ne .Values.mode "sidecar" }}
{{- include "mcp-anything.selectorLabels" . }}
{{- else if .Values.sidecar.selectorLabels }}
{{- tpl (toYaml .Values.sidecar.selectorLabels) . }}
{{- end }}
{{- end }}

{{- define "mcp-anything.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "mcp-anything.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* repository:tag, and the digest when there is one; the digest then decides. */}}
{{- define "mcp-anything.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s%s@%s" .repository (ternary "" (printf ":%s" .tag) (empty .tag)) .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The container's name, and the prefix of its volumes. */}}
{{- define "mcp-anything.containerName" -}}
{{- include "mcp-anything.name" . | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* The name of the container port that has /healthz, /readyz and the metrics. */}}
{{- define "mcp-anything.adminPortName" -}}
{{- ternary "mcp-admin" "mcp" (not (empty .Values.server.adminPort)) }}
{{- end }}

{{- define "mcp-anything.adminPort" -}}
{{- default .Values.server.port .Values.server.adminPort | int }}
{{- end }}

{{/* "true" where a Service is made. */}}
{{- define "mcp-anything.hasService" -}}
{{- if and .Values.service.enabled (include "mcp-anything.podSelector" .) }}true{{ end }}
{{- end }}

{{/* Labels of the pod of `helm test`; not those of the pods that serve. */}}
{{- define "mcp-anything.testLabels" -}}
app.kubernetes.io/name: {{ include "mcp-anything.name" . | trunc 52 | trimSuffix "-" }}-list-tools
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
