#!/bin/sh
# Starts a Redis that follows whatever master the sentinels know; while they know none, the first pod is it.
# HOST, HEADLESS and SENTINELS are names of the cluster, MASTER_NAME is that of the group, REDIS_PASSWORD is a secret.
set -eu

known=$(redis-cli -h "$SENTINELS" -p 26379 --raw sentinel get-master-addr-by-name "$MASTER_NAME" 2>/dev/null | head -n 1 || true)
master=${known:-redis-limits-0.$HEADLESS}
self=$HOST.$HEADLESS

# In a file, since the command line can be read by others.
{
  echo "requirepass $REDIS_PASSWORD"
  echo "masterauth $REDIS_PASSWORD"
} > /tmp/redis.conf

set -- /tmp/redis.conf --dir /data --appendonly yes --appendfsync everysec \
  --maxmemory "${MAX_MEMORY:-1536mb}" --maxmemory-policy noeviction \
  --replica-announce-ip "$self" --port "${PORT:-6379}"
[ "$master" = "$self" ] || set -- "$@" --replicaof "$master" 6379
exec redis-server "$@"
