#!/bin/sh
# Rules of a machine that runs gateways without a cluster: the world reaches 80 and 443, the inside everything, and metrics only
# who watches. As root; DRY_RUN=true prints the rules.
set -eu

internal=${INTERNAL_RANGE:-10.0.0.0/8}
: "${MONITORING_RANGE:?range of the machines that scrape, such as 10.20.0.0/24}"

rule() {
  if [ "${DRY_RUN:-false}" = true ]; then echo "iptables $*"; else iptables "$@"; fi
}

rule -A INPUT -i lo -j ACCEPT
rule -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
rule -A INPUT -p icmp -j ACCEPT
rule -A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
# Before the rule of the inside, which would let everybody there read the numbers.
rule -A INPUT -p tcp --dport 9090 -s "$MONITORING_RANGE" -j ACCEPT
rule -A INPUT -p tcp --dport 9090 -j DROP
rule -A INPUT -s "$internal" -j ACCEPT
rule -A INPUT -j DROP
