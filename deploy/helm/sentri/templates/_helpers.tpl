{{- define "sentri.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "sentri.host" -}}
{{- get (urlParse .Values.baseUrl) "hostname" -}}
{{- end }}

{{- define "sentri.labels" -}}
app.kubernetes.io/name: sentri
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* What tells the pods of one part from all others; never changes, since selectors cannot. */ -}}
{{- define "sentri.selector" -}}
app.kubernetes.io/name: sentri
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "sentri.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "sentri.secretName" -}}
{{- .Values.existingSecret | default (include "sentri.name" .) -}}
{{- end }}

{{- define "sentri.secretData" -}}
SENTRI_SECRET_KEY: {{ required "Set secret.secretKey (openssl rand -hex 32), or existingSecret." .Values.secret.secretKey | quote }}
SENTRI_DATABASE_URL: {{ required "Set secret.databaseUrl (postgresql://…), or existingSecret." .Values.secret.databaseUrl | quote }}
{{- with .Values.secret.redisUrl }}
SENTRI_REDIS_URL: {{ . | quote }}
{{- end }}
{{- with .Values.secret.credentialKeys }}
SENTRI_CREDENTIAL_KEYS: {{ . | quote }}
{{- end }}
{{- with .Values.secret.storageKey }}
SENTRI_STORAGE_KEY: {{ . | quote }}
{{- end }}
{{- with .Values.secret.storageSecret }}
SENTRI_STORAGE_SECRET: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "sentri.config" -}}
{{- $own := dict
  "SENTRI_BASE_URL" .Values.baseUrl
  "SENTRI_ALLOWED_HOSTS" (printf "%s,localhost" (include "sentri.host" .))
  "SENTRI_TRUSTED_ORIGINS" .Values.baseUrl
  "SENTRI_STORAGE_URL" (required "Set storageUrl (s3://BUCKET/PREFIX?endpoint=…&region=…): pods share no disk." .Values.storageUrl)
  "SENTRI_WORKERS" (toString .Values.worker.processes)
  "SENTRI_GRACE_SECONDS" (toString .Values.worker.graceSeconds) -}}
{{- range $name, $value := merge (deepCopy .Values.config) $own }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /* What is the same in every pod. */ -}}
{{- define "sentri.pod" -}}
serviceAccountName: {{ include "sentri.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end }}

{{- define "sentri.container" -}}
image: {{ include "sentri.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - {name: scratch, mountPath: /tmp}
  - {name: scratch, mountPath: /data, subPath: data}
{{- end }}

{{- define "sentri.environment" -}}
envFrom:
  - configMapRef: {name: {{ include "sentri.name" . }}}
  - secretRef: {name: {{ include "sentri.secretName" . }}}
{{- end }}

{{- /* Tests and pages that no worker has taken yet, in SQL and in the words of /metrics. */ -}}
{{- define "sentri.pendingSql" -}}
SELECT (SELECT count(*) FROM runs_result WHERE status = 'pending' AND run_id IN (SELECT id FROM runs_run WHERE status IN ('queued', 'running'))) + (SELECT count(*) FROM runs_crawlpage WHERE status = 'pending' AND run_id IN (SELECT id FROM runs_run WHERE status IN ('queued', 'running')))
{{- end }}

{{- define "sentri.pendingQuery" -}}
max(sentri_results{status="pending",namespace="{{ .Release.Namespace }}"}) + max(sentri_pages{status="pending",namespace="{{ .Release.Namespace }}"})
{{- end }}
