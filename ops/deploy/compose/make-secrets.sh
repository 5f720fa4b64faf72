#!/bin/sh
# Writes the files of docker-compose.production.yml that can be made up, each once: what is there is left alone.
# mongodb_uri, tls.crt and tls.key are yours.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "$folder"

random() { openssl rand -hex 32; }

write() {
  [ -e "$folder/$1" ] || printf '%s\n' "$2" > "$folder/$1"
}

for name in jwt_secret_key api_key_salt subgraph_secret metrics_token admin_token redis_password; do
  write "$name" "$(random)"
done

password=$(cat "$folder/redis_password")
write redis_url "redis://default:$password@redis-limits:6379"
write redis.conf "appendonly yes
appendfsync everysec
maxmemory 1536mb
maxmemory-policy noeviction
dir /data
requirepass $password"

# Whoever runs the containers must be able to read them; the folder is nobody else's.
chmod 0444 "$folder"/*
for name in mongodb_uri tls.crt tls.key; do
  [ -e "$folder/$name" ] || echo "Still missing: $folder/$name" >&2
done
