{{/* Names and labels. */}}
{{- define "reprovena.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "reprovena.fullname" -}}
{{- $name := include "reprovena.name" . }}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* What finds the pods of a component: (dict "root" $ "component" "registry"). */}}
{{- define "reprovena.selector" -}}
app.kubernetes.io/name: {{ include "reprovena.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "reprovena.labels" -}}
{{ include "reprovena.selector" . }}
app.kubernetes.io/part-of: reprovena
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "reprovena.image" -}}
{{- with .root.Values.image.registry }}{{ . | trimSuffix "/" }}/{{ end }}
{{- .root.Values.image.prefix }}{{ .service }}:{{ default .root.Chart.AppVersion .root.Values.image.tag }}
{{- end }}

{{/* A service's values over the defaults, with its name: JSON. */}}
{{- define "reprovena.values" -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (index .root.Values.services .service)) | toJson }}
{{- end }}

{{/* The settings of a service: JSON. Numbers and lists become what pydantic reads from the environment. */}}
{{- define "reprovena.settings" -}}
{{- $full := include "reprovena.fullname" .root }}
{{- $told := mergeOverwrite (deepCopy .root.Values.settings) (deepCopy (index .root.Values.services .service).settings) }}
{{- $_ := mergeOverwrite $told (dict "HOST" "0.0.0.0" "PORT" 8000 "STATE" "/tmp/reprovena") }}
{{- if eq .service "gateway" }}
{{- range $other := list "registry" "executor" "provenance" }}
{{- $_ := set $told (printf "%s_URL" (upper $other)) (printf "http://%s-%s:8000" $full $other) }}
{{- end }}
{{- $_ := set $told "CALLER_KEY" "/run/callers/caller.pem" }}
{{- if .root.Values.keycloak.enabled }}
{{- if not $told.ISSUER_URL }}{{ $_ := set $told "ISSUER_URL" (printf "%s/realms/reprovena" .root.Values.keycloak.hostname) }}{{ end }}
{{- if not $told.ISSUER_REACHED }}{{ $_ := set $told "ISSUER_REACHED" (printf "http://%s-keycloak:8080/realms/reprovena" $full) }}{{ end }}
{{- end }}
{{- $_ := required "services.gateway.settings.ISSUER_URL: the realm of your Keycloak, or set keycloak.enabled" $told.ISSUER_URL }}
{{- else }}
{{- $_ := set $told "CALLER_PUBLIC_KEY" "/run/callers/caller.pub" }}
{{- end }}
{{- if eq .service "executor" }}
{{- $_ := required "services.executor.settings.RUNNER_URL: the https address of a REANA" $told.RUNNER_URL }}
{{- end }}
{{- $told | toJson }}
{{- end }}

{{/* The data of a service's ConfigMap. */}}
{{- define "reprovena.data" -}}
{{- range $name, $value := include "reprovena.settings" . | fromJson }}
{{- if or (kindIs "map" $value) (kindIs "slice" $value) }}
{{ $name }}: {{ $value | toJson | quote }}
{{- else if and (kindIs "float64" $value) (eq (floor $value) $value) }}
{{ $name }}: {{ $value | int64 | quote }}
{{- else if not (kindIs "invalid" $value) }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "reprovena.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .group }}
fsGroup: {{ .group }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "reprovena.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* An Ingress: (dict "root" $ "ingress" .Values.ingress "component" "gateway" "port" "http"). */}}
{{- define "reprovena.ingress" -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "reprovena.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "reprovena.labels" . | nindent 4 }}
  {{- with .ingress.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .ingress.tls }}
  tls: {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range .ingress.hosts }}
    - host: {{ . | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ include "reprovena.fullname" $.root }}-{{ $.component }}
                port: {name: http}
    {{- end }}
{{- end }}

{{/* One rule of a NetworkPolicy: (dict "root" $ "door" "database"). */}}
{{- define "reprovena.egress" -}}
{{- $door := index .root.Values.networkPolicy.egress .door }}
- ports:
    {{- range $door.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- if eq $.door "dns" }}
    - {protocol: UDP, port: {{ . }}}
    {{- end }}
    {{- end }}
  {{- with $door.to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
