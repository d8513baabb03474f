{{/* Name of the objects: the release's, with what they are of. */}}
{{- define "roomsecret.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "roomsecret.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "roomsecret.name" .) -}}
{{- end -}}

{{- define "roomsecret.labels" -}}
app.kubernetes.io/part-of: roomsecret-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Labels by which the manager's pods are found: they never change. */}}
{{- define "roomsecret.selector" -}}
app.kubernetes.io/name: roomsecret-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: manager
{{- end -}}

{{- define "roomsecret.roomserverSelector" -}}
app.kubernetes.io/name: roomsecret-roomserver
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: roomserver
{{- end -}}

{{/* Reference of an image, given its values and the chart. */}}
{{- define "roomsecret.image" -}}
{{- $image := .image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The generated roles of the manager: the cluster-wide one, and the one in its own namespace. */}}
{{- define "roomsecret.roles" -}}
{{- $roles := dict -}}
{{- range splitList "\n---\n" (.Files.Get "files/role.yaml") -}}
{{- $role := fromYaml . -}}
{{- if $role.kind -}}
{{- $_ := set $roles $role.kind $role.rules -}}
{{- end -}}
{{- end -}}
{{- toYaml $roles -}}
{{- end -}}

{{/* A container that may do nothing but run. */}}
{{- define "roomsecret.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "roomsecret.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}
