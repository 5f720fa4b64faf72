#!/bin/sh
# Joins the nodes of NODES under HEADLESS; REDISCLI_AUTH is their password. Nodes are joined by address, not by name.
set -eu

first=${NODES%% *}
if redis-cli -h "$first.$HEADLESS" cluster info | grep -q cluster_state:ok; then
  echo 'The cluster is there already.'
  exit 0
fi

addresses=
for node in $NODES; do
  address=$(getent hosts "$node.$HEADLESS" | cut -d ' ' -f 1 | head -n 1)
  addresses="$addresses $address:6379"
done
# shellcheck disable=SC2086 # Each is a word of its own.
redis-cli --cluster create $addresses --cluster-replicas 1 --cluster-yes
