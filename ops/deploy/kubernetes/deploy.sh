#!/bin/sh
# Everything from source to traffic, in order; the first step that fails ends it, and a version that does not become ready is taken
# back. Needs docker, kubectl and a namespace whose secrets exist (make-secrets.sh).
#
#   REGISTRY=registry.lab.example VERSION=0.1.0 ops/deploy/kubernetes/deploy.sh production
#   DRY_RUN=true …      prints the steps
set -eu

overlay=${1:?overlay: staging, production or multi-zone}
: "${REGISTRY:?registry of the image}" "${VERSION:?version of the image}"
folder=ops/deploy/kubernetes
image=$REGISTRY/lab-gateway:$VERSION
namespace=lab-gateway
[ "$overlay" != staging ] || namespace=lab-gateway-staging

step() {
  echo "== $*"
  [ "${DRY_RUN:-false}" = true ] || "$@"
}

# The overlay with this image in place of the one that it names.
apply_overlay() {
  kubectl kustomize "$folder/overlays/$overlay" | sed "s|image: .*lab-gateway:.*|image: $image|" | kubectl apply -f -
}

roll_out() {
  step kubectl -n "$namespace" rollout status deployment/lab-gateway --timeout=5m && return
  step kubectl -n "$namespace" rollout undo deployment/lab-gateway
  echo 'It did not become ready; the version before it is back.' >&2
  exit 1
}

# What it stands on.
step kubectl apply -k "$folder/storage"
step kubectl apply -k "$folder/monitoring"
# The image.
step docker build --build-arg "VERSION=$VERSION" --build-arg "REVISION=$(git rev-parse HEAD)" -t "$image" .
step docker push "$image"
# The indexes of the store before the version that wants them. A Job cannot be changed, only made anew.
step kubectl -n "$namespace" delete job lab-gateway-migrate --ignore-not-found
step apply_overlay
step kubectl -n "$namespace" wait --for=condition=complete job/lab-gateway-migrate --timeout=5m
roll_out
step kubectl -n "$namespace" exec deployment/lab-gateway -- node ops/health-check.ts /ready
