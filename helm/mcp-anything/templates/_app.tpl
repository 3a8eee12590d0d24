{{/* The app's container, with mode app: a map without the dash of a list entry. */}}
{{- define "mcp-anything.appContainer" -}}
name: app
image: {{ .Values.app.image | quote }}
imagePullPolicy: {{ .Values.app.pullPolicy }}
{{- with .Values.app.ports }}
ports:
  {{- range . }}
  - name: {{ .name }}
    containerPort: {{ int .containerPort }}
    protocol: TCP
  {{- end }}
{{- end }}
{{- range $key := list "command" "args" "env" "envFrom" "volumeMounts" "startupProbe" "livenessProbe" "readinessProbe" "resources" "securityContext" }}
{{- with index $.Values.app $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
