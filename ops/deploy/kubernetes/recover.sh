#!/bin/sh
# An empty cluster back from the newest good archive, in order; the first step that fails ends it. The namespace and its secrets
# exist (make-secrets.sh, with the secrets of before), and MONGODB_URI, REDIS_URL and the variables of backups are set here; the
# page is ops/runbooks/backup-and-recovery.md.
#
#   ops/deploy/kubernetes/recover.sh production
#   DRY_RUN=true …      prints the steps
set -eu

overlay=${1:?overlay: staging, production or multi-zone}
folder=ops/deploy/kubernetes
namespace=lab-gateway
[ "$overlay" != staging ] || namespace=lab-gateway-staging

step() {
  echo "== $*"
  [ "${DRY_RUN:-false}" = true ] || "$@"
}

newest() {
  [ "${DRY_RUN:-false}" != true ] || { echo '<newest>'; return; }
  npm run --silent cli -- backup list --json | node -p 'JSON.parse(require("node:fs").readFileSync(0)).at(-1).name'
}

# Nothing is touched unless there is something to bring back.
step npm run cli -- backup verify --checksums-only
step kubectl apply -k "$folder/storage"
step kubectl -n lab-storage rollout status statefulset/mongodb --timeout=10m
step kubectl -n lab-storage rollout status statefulset/redis-limits --timeout=10m
archive=$(newest)
step npm run cli -- backup restore "$archive" --yes --overwrite
# Gateways come after their stores: what they wrote meanwhile would be lost.
step kubectl apply -k "$folder/overlays/$overlay"
step kubectl -n "$namespace" rollout status deployment/lab-gateway --timeout=5m
# What traffic needs: pods that are ready, a service that names them, an ingress with an address.
step kubectl -n "$namespace" wait pod -l app.kubernetes.io/name=lab-gateway --for=condition=Ready --timeout=2m
step kubectl -n "$namespace" wait endpointslice -l kubernetes.io/service-name=lab-gateway --for='jsonpath={.endpoints[0].conditions.ready}=true' --timeout=2m
step kubectl -n "$namespace" wait ingress/lab-gateway --for='jsonpath={.status.loadBalancer.ingress}' --timeout=5m
step kubectl -n "$namespace" exec deployment/lab-gateway -- node ops/health-check.ts /ready
