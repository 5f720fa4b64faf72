#!/bin/sh
# Takes a gateway out of the balance before it is stopped, or in again once it is ready. nginx asks nobody whether he is well; a
# POST that a stopping gateway has read and not answered cannot be sent to another, so none may be sent to it.
#
#   take.sh out 10.0.0.5:8000 /etc/nginx        then wait REQUEST_TIMEOUT_MS, stop it, start it, see /ready
#   take.sh in 10.0.0.5:8000 /etc/nginx
set -eu

action=${1:?out or in}
address=${2:?host:port as in upstream.conf}
folder=${3:-/etc/nginx}
file=$folder/upstream.conf

grep -q "^server ${address}[ ;]" "$file" || { echo "$file does not name $address." >&2; exit 1; }
case $action in
  out) change="/^server ${address}[ ;]/ { / down;/! s/;/ down;/; }" ;;
  in) change="/^server ${address}[ ;]/ s/ down;/;/" ;;
  *) echo 'It is either out or in.' >&2; exit 2 ;;
esac
# Written whole or not at all, and kept only if nginx takes it.
sed "$change" "$file" > "$file.new"
cp "$file" "$file.old"
mv "$file.new" "$file"
if ! nginx -t -q -p "$folder" -c nginx.conf; then
  mv "$file.old" "$file"
  exit 1
fi
rm "$file.old"
nginx -s reload -p "$folder" -c nginx.conf
