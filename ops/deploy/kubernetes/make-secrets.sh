#!/bin/sh
# Makes the Secrets that the gateway and its stores name, with random values, and prints them for `kubectl apply -f -`; nothing is
# written to disk. Addresses of stores of your own come from REDIS_URL, REDIS_CACHE_URL and MONGODB_URI.
#
#   ops/deploy/kubernetes/make-secrets.sh lab-gateway | kubectl apply -f -
set -eu

namespace=${1:?namespace}
random() { openssl rand -hex 32; }
redis_password=${REDIS_PASSWORD:-$(random)}
limits=redis+sentinel://default:$redis_password@redis-limits.lab-storage:26379/limits

secret() {
  place=$1
  name=$2
  shift 2
  kubectl create secret generic "$name" -n "$place" --dry-run=client -o yaml "$@"
  echo ---
}

secret "$namespace" lab-gateway-secrets \
  --from-literal="jwt-secret-key=${JWT_SECRET_KEY:-$(random)}" \
  --from-literal="api-key-salt=${API_KEY_SALT:-$(random)}" \
  --from-literal="subgraph-secret=$(random)" \
  --from-literal="admin-token=$(random)"
secret "$namespace" redis-credentials \
  --from-literal="url=${REDIS_URL:-$limits}" \
  --from-literal="cache-url=${REDIS_CACHE_URL:-redis://redis-cache.lab-storage:6379}"
secret "$namespace" mongodb-credentials \
  --from-literal="uri=${MONGODB_URI:?URI of MongoDB}"
# Keep the key elsewhere, too: without it no archive can be read.
secret "$namespace" backup-credentials \
  --from-literal="destination=${BACKUP_DESTINATION:-s3://lab-gateway-backups/$namespace}" \
  --from-literal="key=${BACKUP_KEY:-$(random)}" \
  --from-literal="endpoint=${BACKUP_S3_ENDPOINT:-}" \
  --from-literal="region=${BACKUP_S3_REGION:-}" \
  --from-literal="access-key-id=${AWS_ACCESS_KEY_ID:-}" \
  --from-literal="secret-access-key=${AWS_SECRET_ACCESS_KEY:-}"
secret lab-storage redis-password --from-literal="password=$redis_password"
secret lab-storage mongodb-key --from-literal="key=$(openssl rand -base64 512 | tr -d '\n')"
