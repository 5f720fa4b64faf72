#!/bin/sh
# Starts a sentinel. It writes what it learns into its configuration, so that must be a file of its own.
set -eu

known=$(redis-cli -h "$SENTINELS" -p 26379 --raw sentinel get-master-addr-by-name "$MASTER_NAME" 2>/dev/null | head -n 1 || true)
master=${known:-redis-limits-0.$HEADLESS}

cat > /tmp/sentinel.conf <<CONFIGURATION
port 26379
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $HOST.$HEADLESS
sentinel monitor $MASTER_NAME $master 6379 2
sentinel auth-pass $MASTER_NAME $REDIS_PASSWORD
sentinel down-after-milliseconds $MASTER_NAME 5000
sentinel failover-timeout $MASTER_NAME 30000
CONFIGURATION
exec redis-server /tmp/sentinel.conf --sentinel
