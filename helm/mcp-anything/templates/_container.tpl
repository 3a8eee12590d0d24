{{/* The container, the same in every mode: a map without the dash of a list entry. */}}
{{- define "mcp-anything.container" -}}
name: {{ include "mcp-anything.containerName" . }}
image: {{ include "mcp-anything.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
  - serve
  - --config
  - /etc/mcp-anything/config/{{ .Values.config.key }}
  - --port
  - {{ .Values.server.port | int | quote }}
  - --log-level
  - {{ .Values.logLevel }}
ports:
  - name: mcp
    containerPort: {{ int .Values.server.port }}
    protocol: TCP
  {{- if .Values.server.adminPort }}
  - name: mcp-admin
    containerPort: {{ int .Values.server.adminPort }}
    protocol: TCP
  {{- end }}
{{- if or .Values.secrets.env .Values.env }}
env:
  {{- range .Values.secrets.env }}
  - name: {{ .name }}
    valueFrom:
      secretKeyRef:
        name: {{ .secretName }}
        key: {{ .key }}
  {{- end }}
  {{- with .Values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $probe, $path := dict "startup" "/healthz" "liveness" "/healthz" "readiness" "/readyz" }}
{{- with index $.Values.probes $probe }}
{{- if .enabled }}
{{ $probe }}Probe:
  httpGet:
    path: {{ $path }}
    port: {{ include "mcp-anything.adminPortName" $ }}
  periodSeconds: {{ int .periodSeconds }}
  timeoutSeconds: {{ int .timeoutSeconds }}
  failureThreshold: {{ int .failureThreshold }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- /* Why a config did not load is the last line of the log; `kubectl describe pod` then shows it. */}}
terminationMessagePolicy: FallbackToLogsOnError
{{- /* Whole directories: a subPath mount would keep its first content for ever. */}}
volumeMounts:
  {{- range $kind := list "config" "specs" "overlays" }}
  - name: {{ include "mcp-anything.containerName" $ }}-{{ $kind }}
    mountPath: /etc/mcp-anything/{{ $kind }}
    readOnly: true
  {{- end }}
  {{- range .Values.secrets.files }}
  - name: {{ include "mcp-anything.secretVolume" (list $ .name) }}
    mountPath: /etc/mcp-anything/secrets/{{ .name }}
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The volumes that the container mounts: a list. */}}
{{- define "mcp-anything.volumes" -}}
{{- range $kind := list "config" "specs" "overlays" }}
- name: {{ include "mcp-anything.containerName" $ }}-{{ $kind }}
  configMap:
    name: {{ include "mcp-anything.configMapName" (list $ $kind) }}
{{- end }}
{{- range .Values.secrets.files }}
- name: {{ include "mcp-anything.secretVolume" (list $ .name) }}
  secret:
    secretName: {{ .secretName }}
    # The container's user is neither the owner nor, in every pod, of the group; no other container mounts it.
    defaultMode: 0444
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "mcp-anything.secretVolume" -}}
{{- printf "%s-secret-%s" (include "mcp-anything.containerName" (index . 0)) (index . 1) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Annotations by which a Prometheus that discovers pods scrapes this one. */}}
{{- define "mcp-anything.scrapeAnnotations" -}}
{{- if .Values.monitoring.scrapeAnnotations -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ include "mcp-anything.adminPort" . | quote }}
prometheus.io/path: {{ .Values.server.metricsPath | quote }}
{{- end }}
{{- end }}
