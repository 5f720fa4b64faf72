#!/bin/sh
# Starts a node of a Redis Cluster. Its address changes with every start of its pod, so it tells the others anew.
set -eu

{
  echo "requirepass $REDIS_PASSWORD"
  echo "masterauth $REDIS_PASSWORD"
} > /tmp/redis.conf

exec redis-server /tmp/redis.conf --dir /data --port "${PORT:-6379}" --appendonly yes --appendfsync everysec \
  --maxmemory "${MAX_MEMORY:-1536mb}" --maxmemory-policy noeviction \
  --cluster-enabled yes --cluster-config-file nodes.conf --cluster-node-timeout 5000 \
  --cluster-announce-ip "$POD_IP" --cluster-announce-hostname "$HOST.$HEADLESS"
