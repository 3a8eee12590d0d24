{{/* One sentence per contradiction between values, each saying what to change; all of them at once. */}}
{{- define "mcp-anything.checks" -}}
{{- $problems := concat (include "mcp-anything.workloadProblems" . | fromJsonArray) (include "mcp-anything.configProblems" . | fromJsonArray) (include "mcp-anything.monitoringProblems" . | fromJsonArray) }}
{{- if $problems }}
{{- fail (printf "\n%s" (join "\n" $problems)) }}
{{- end }}
{{- end }}

{{- define "mcp-anything.workloadProblems" -}}
{{- $problems := list }}
{{- $mode := .Values.mode }}
{{- if not .Values.enabled }}
{{- $problems = append $problems "enabled: false does nothing here; name `condition: mcp-anything.enabled` at the dependency in the parent's Chart.yaml, or uninstall the release." }}
{{- end }}
{{- if and (eq $mode "app") (not .Values.app.image) }}
{{- $problems = append $problems "app.image is empty but mode is app; set app.image, or set mode to standalone." }}
{{- end }}
{{- if and (ne $mode "app") .Values.app.image }}
{{- $problems = append $problems (printf "app.image is set but mode is %s; set mode to app, or remove app.image." $mode) }}
{{- end }}
{{- if and (ne $mode "sidecar") .Values.sidecar.selectorLabels }}
{{- $problems = append $problems (printf "sidecar.selectorLabels is set but mode is %s; set mode to sidecar, or remove sidecar.selectorLabels." $mode) }}
{{- end }}
{{- if eq $mode "sidecar" }}
{{- range $feature := list "autoscaling" "podDisruptionBudget" "networkPolicy" }}
{{- if (index $.Values $feature).enabled }}
{{- $problems = append $problems (printf "%s.enabled is true but mode is sidecar; the pods are the parent chart's, so make it there and remove it here." $feature) }}
{{- end }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.sidecar.selectorLabels) }}
{{- $problems = append $problems "ingress.enabled is true but there is no Service to send requests to; set sidecar.selectorLabels to labels of the parent's pods." }}
{{- end }}
{{- end }}
{{- if and (ne $mode "standalone") .Values.sidecar.native (semverCompare "<1.29.0-0" .Capabilities.KubeVersion.Version) }}
{{- $problems = append $problems (printf "sidecar.native needs Kubernetes 1.29 or newer and this is %s; set sidecar.native to false." .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- if and (ne $mode "sidecar") .Values.ingress.enabled (not .Values.service.enabled) }}
{{- $problems = append $problems "ingress.enabled is true but service.enabled is false; enable the Service that it sends requests to." }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.server.adminPort) }}
{{- range .Values.ingress.hosts }}
{{- if not .paths }}
{{- $problems = append $problems (printf "ingress.hosts: %s without paths would publish the metrics; set server.adminPort to a port of their own, or list the endpoints as paths." .host) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.autoscaling }}
{{- if .enabled }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- $problems = append $problems (printf "autoscaling.minReplicas is %d but maxReplicas is %d; raise maxReplicas or lower minReplicas." (int .minReplicas) (int .maxReplicas)) }}
{{- end }}
{{- if not (or .targetCPUUtilizationPercentage .targetMemoryUtilizationPercentage) }}
{{- $problems = append $problems "autoscaling.enabled is true without a target; set autoscaling.targetCPUUtilizationPercentage or targetMemoryUtilizationPercentage." }}
{{- end }}
{{- range $resource, $target := dict "cpu" .targetCPUUtilizationPercentage "memory" .targetMemoryUtilizationPercentage }}
{{- if and $target (not (dig "requests" $resource "" $.Values.resources)) }}
{{- $problems = append $problems (printf "autoscaling looks at %s as a share of the request, but resources.requests.%s is not set; set it." $resource $resource) }}
{{- end }}
{{- if and $target (eq $mode "app") (not (dig "requests" $resource "" $.Values.app.resources)) }}
{{- $problems = append $problems (printf "autoscaling looks at %s as a share of the request, but app.resources.requests.%s is not set; set it." $resource $resource) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.podDisruptionBudget }}
{{- if .enabled }}
{{- if not (or (kindIs "invalid" .minAvailable) (kindIs "invalid" .maxUnavailable)) }}
{{- $problems = append $problems "podDisruptionBudget.minAvailable and maxUnavailable are both set; remove one of them." }}
{{- end }}
{{- $replicas := ternary (int $.Values.autoscaling.minReplicas) (int $.Values.replicaCount) $.Values.autoscaling.enabled }}
{{- if and (kindIs "float64" .minAvailable) (ge (int .minAvailable) $replicas) }}
{{- $problems = append $problems (printf "podDisruptionBudget.minAvailable is %d of %d pods, which blocks every node drain; run more pods, or use maxUnavailable." (int .minAvailable) $replicas) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.networkPolicy.adminFrom (not .Values.server.adminPort) }}
{{- $problems = append $problems "networkPolicy.adminFrom is set but health and metrics are on server.port; set server.adminPort, or list the peers in networkPolicy.from." }}
{{- end }}
{{- if not (kindIs "invalid" .Values.terminationGracePeriodSeconds) }}
{{- $needed := include "mcp-anything.shutdownSeconds" . | int }}
{{- if lt (int .Values.terminationGracePeriodSeconds) $needed }}
{{- $problems = append $problems (printf "terminationGracePeriodSeconds is %d, but server.shutdownDelay and server.shutdownTimeout take up to %d s; raise it or leave it null." (int .Values.terminationGracePeriodSeconds) $needed) }}
{{- end }}
{{- end }}
{{- if .Values.server.adminPort }}
{{- if eq (int .Values.server.adminPort) (int .Values.server.port) }}
{{- $problems = append $problems "server.adminPort is server.port; set it to another port, or to null to serve health and metrics on server.port." }}
{{- end }}
{{- end }}
{{- if and .Values.service.enabled .Values.monitoring.serviceMonitor.enabled .Values.server.adminPort (eq (int .Values.service.port) (int .Values.service.adminPort)) }}
{{- $problems = append $problems "service.adminPort is service.port; set one of them to another port." }}
{{- end }}
{{- range .Values.app.ports }}
{{- if eq (int .servicePort) (int $.Values.service.port) }}
{{- $problems = append $problems (printf "app.ports: %s has servicePort %d, which is service.port; set one of them to another port." .name (int .servicePort)) }}
{{- end }}
{{- end }}
{{- toJson $problems }}
{{- end }}

{{- define "mcp-anything.configProblems" -}}
{{- $problems := list }}
{{- $content := .Values.config.content }}
{{- if and .Values.config.existingConfigMap $content }}
{{- $problems = append $problems "config.existingConfigMap and config.content are both set; remove one of them." }}
{{- end }}
{{- range $kind := list "specs" "overlays" }}
{{- $source := index $.Values $kind }}
{{- if and $source.existingConfigMap (or $source.files $source.binaryFiles) }}
{{- $problems = append $problems (printf "%s.existingConfigMap and %s.files are both set; remove one of them." $kind $kind) }}
{{- end }}
{{- if and (include "mcp-anything.isDemo" $) (or $source.existingConfigMap $source.files $source.binaryFiles) }}
{{- $problems = append $problems (printf "%s are set but no config names them; set config.content or config.existingConfigMap." $kind) }}
{{- end }}
{{- $size := 0 }}
{{- range $name, $text := $source.files }}
{{- $size = add $size (len $name) (len $text) }}
{{- end }}
{{- range $name, $text := $source.binaryFiles }}
{{- $size = add $size (len $name) (len (b64dec $text)) }}
{{- end }}
{{- if gt $size 1048576 }}
{{- $problems = append $problems (printf "%s hold %d bytes, but a ConfigMap holds at most 1048576; name a URL in the config, or gzip the documents into specs.binaryFiles." $kind $size) }}
{{- end }}
{{- end }}
{{- with $content.server }}
{{- $owned := dict "port" "port" "admin_port" "adminPort" "metrics_path" "metricsPath" "shutdown_delay" "shutdownDelay" "shutdown_timeout" "shutdownTimeout" }}
{{- range $key, $value := . }}
{{- if hasKey $owned $key }}
{{- $problems = append $problems (printf "config.content.server.%s is also server.%s, which ports, probes and the grace period follow; set server.%s only." $key (index $owned $key) (index $owned $key)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.config.existingConfigMap }}
{{- $name := include "mcp-anything.configMapName" (list . "config") }}
{{- /* Known only where Helm talks to the cluster; empty otherwise. */}}
{{- with lookup "v1" "ConfigMap" .Release.Namespace $name }}
{{- $key := $.Values.config.key }}
{{- if not (hasKey (default dict .data) $key) }}
{{- $problems = append $problems (printf "config.key: ConfigMap %s has no key %q, it has %s; set config.key to the config's." $name $key (keys (default dict .data) | sortAlpha | join ", ")) }}
{{- else }}
{{- $server := default dict (index .data $key | fromYaml).server }}
{{- if ne (int $server.admin_port) (int $.Values.server.adminPort) }}
{{- $problems = append $problems (printf "server.adminPort is %v, but in ConfigMap %s server.admin_port is %v, and probes would find nobody; make them the same." (default "null" $.Values.server.adminPort) $name (default "not set" $server.admin_port)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $upstream := $content.upstreams }}
{{- $sources := list (dig "openapi" "source" "" $upstream) }}
{{- range (kindIs "slice" $upstream.overlay | ternary $upstream.overlay (list (default dict $upstream.overlay))) }}
{{- $sources = append $sources (dig "source" "" .) }}
{{- end }}
{{- range $source := $sources }}
{{- range $kind := list "specs" "overlays" }}
{{- $file := regexReplaceAll (printf "^(\\.\\./|/etc/mcp-anything/)%s/" $kind) $source "" }}
{{- $given := index $.Values $kind }}
{{- if and (ne $file $source) (not $given.existingConfigMap) (not (hasKey $given.files $file)) (not (hasKey (default dict $given.binaryFiles) $file)) }}
{{- $problems = append $problems (printf "config.content: upstream %q names %s, but %s.files has no %q; add it, or correct the path." $upstream.name $source $kind $file) }}
{{- end }}
{{- end }}
{{- if and (ne $.Values.mode "standalone") $.Values.sidecar.native (regexMatch "^https?://(localhost|127\\.|\\[::1\\])" $source) }}
{{- $problems = append $problems (printf "config.content: upstream %q loads %s from the app, but a native sidecar must be ready before the app starts; set sidecar.native to false, or put the document in specs.files." $upstream.name $source) }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $problems }}
{{- end }}

{{- define "mcp-anything.monitoringProblems" -}}
{{- $problems := list }}
{{- $monitoring := .Values.monitoring }}
{{- if and $monitoring.serviceMonitor.enabled $monitoring.podMonitor.enabled }}
{{- $problems = append $problems "monitoring.serviceMonitor and monitoring.podMonitor are both enabled, so every sample would be taken twice; disable one of them." }}
{{- end }}
{{- if and $monitoring.serviceMonitor.enabled (not (include "mcp-anything.hasService" .)) }}
{{- $problems = append $problems "monitoring.serviceMonitor.enabled is true but there is no Service; enable the Service (with mode sidecar, set sidecar.selectorLabels), or use monitoring.podMonitor." }}
{{- end }}
{{- if and $monitoring.podMonitor.enabled (not (include "mcp-anything.podSelector" .)) }}
{{- $problems = append $problems "monitoring.podMonitor.enabled is true but which pods is not known; set sidecar.selectorLabels to labels of the parent's pods." }}
{{- end }}
{{- with $monitoring.prometheusRule }}
{{- if and .enabled (not (or .selector $monitoring.serviceMonitor.enabled $monitoring.podMonitor.enabled)) }}
{{- $problems = append $problems "monitoring.prometheusRule.enabled is true but which series are this release's is not known; enable monitoring.podMonitor or monitoring.serviceMonitor, or set monitoring.prometheusRule.selector." }}
{{- end }}
{{- end }}
{{- toJson $problems }}
{{- end }}
