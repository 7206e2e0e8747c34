{{/* The pod of a service, serving or doing something once: (dict "root" $ "service" "registry" "args" (list "serve")). */}}
{{- define "reprovena.pod" -}}
{{- $values := include "reprovena.values" . | fromJson }}
{{- $full := include "reprovena.fullname" .root }}
{{- $serves := eq (first .args) "serve" }}
{{- $settings := include "reprovena.settings" . | fromJson }}
{{- $secret := default (printf "%s-%s" $full .service) $values.existingSecret }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext: {{- include "reprovena.podSecurity" (dict "user" 10001 "group" 10001) | nindent 2 }}
{{- if $serves }}
# longer than it takes: out of the Service first (5 s), then the requests (5 s), then what is in hand (STOP_WITHIN, for bus and loops)
terminationGracePeriodSeconds: {{ add 20 (mul 2 (ceil $settings.STOP_WITHIN | int)) }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "reprovena.selector" (dict "root" .root "component" .service) | nindent 8 }}
{{- else }}
restartPolicy: Never
{{- end }}
containers:
  - name: {{ .service }}
    image: {{ include "reprovena.image" . | quote }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: {{- toYaml .args | nindent 6 }}
    securityContext: {{- include "reprovena.containerSecurity" . | nindent 6 }}
    envFrom:
      - configMapRef: {name: {{ $full }}-{{ .service }}{{ if not $serves }}-once{{ end }}}
    env:
      {{- range $values.secretSettings }}
      - name: {{ . }}
        valueFrom: {secretKeyRef: {name: {{ $secret }}, key: {{ . }}}}
      {{- end }}
      {{- range concat $values.optionalSecretSettings (.optional | default list) }}
      - name: {{ . }}
        valueFrom: {secretKeyRef: {name: {{ $secret }}, key: {{ . }}, optional: true}}
      {{- end }}
    {{- if $serves }}
    ports:
      - {name: http, containerPort: 8000, protocol: TCP}
    startupProbe: {httpGet: {path: /livez, port: http}, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 60}
    livenessProbe: {httpGet: {path: /livez, port: http}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
    # a ping may take 3 s
    readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3}
    lifecycle: {preStop: {sleep: {seconds: 5}}}
    {{- end }}
    resources: {{- toYaml $values.resources | nindent 6 }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      - {name: callers, mountPath: /run/callers, readOnly: true}
      {{- if .root.Values.certificates.configMap }}
      - {name: certificates, mountPath: /run/certificates, readOnly: true}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  - name: callers
    secret:
      secretName: {{ default (printf "%s-callers" $full) .root.Values.callers.existingSecret }}
      defaultMode: 288 # 0440
      items: # who may not sign does not see the key that does
        {{- $key := ternary "caller.pem" "caller.pub" (eq .service "gateway") }}
        - {key: {{ $key }}, path: {{ $key }}}
  {{- with .root.Values.certificates.configMap }}
  - {name: certificates, configMap: {name: {{ . }}}}
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* All that one service is: (dict "root" $ "service" "registry"). */}}
{{- define "reprovena.service" -}}
{{- $values := include "reprovena.values" . | fromJson }}
{{- $it := dict "root" .root "component" .service }}
{{- $name := printf "%s-%s" (include "reprovena.fullname" .root) .service }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "reprovena.labels" $it | nindent 4 }}
data: {{- include "reprovena.data" . | nindent 2 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "reprovena.labels" $it | nindent 4 }}
spec:
  selector: {{- include "reprovena.selector" $it | nindent 4 }}
  ports:
    - {name: http, port: 8000, targetPort: http, protocol: TCP}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "reprovena.labels" $it | nindent 4 }}
spec:
  {{- if not $values.autoscaling.enabled }}
  replicas: {{ $values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector:
    matchLabels: {{- include "reprovena.selector" $it | nindent 6 }}
  template:
    metadata:
      labels:
        {{- mergeOverwrite (deepCopy $values.podLabels) (include "reprovena.labels" $it | fromYaml) | toYaml | nindent 8 }}
      annotations:
        checksum/settings: {{ include "reprovena.data" . | sha256sum }}
        {{- with $values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec: {{- include "reprovena.pod" (dict "root" .root "service" .service "args" (list "serve")) | nindent 6 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "reprovena.labels" $it | nindent 4 }}
spec:
  maxUnavailable: {{ $values.maxUnavailable }}
  selector:
    matchLabels: {{- include "reprovena.selector" $it | nindent 6 }}
{{- if $values.autoscaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "reprovena.labels" $it | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ $name }}}
  minReplicas: {{ $values.autoscaling.min }}
  maxReplicas: {{ $values.autoscaling.max }}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ $values.autoscaling.cpu }}}}
    {{- with $values.autoscaling.metrics }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end }}
{{- end }}
