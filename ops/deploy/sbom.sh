#!/bin/sh
# Prints what the image holds of packages, as CycloneDX. `npm sbom --omit=dev` leaves out every package that something of development
# wants as well, graphql among them; so it is asked about a package.json that wants nothing for development.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp package.json package-lock.json .npmrc "$folder"
cd "$folder"
npm pkg delete devDependencies >/dev/null
npm install --package-lock-only --ignore-scripts --offline >/dev/null
npm sbom --package-lock-only --sbom-format=cyclonedx
