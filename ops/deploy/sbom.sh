#!/bin/sh
# Prints what the image holds of packages, as CycloneDX. `npm sbom --omit=dev` leaves out every package that something of development
# wants as well, graphql among them; so it is asked about a project that wants nothing for development.
# A peer that a package of Apollo's wants older than ours is would end it as well, hence --legacy-peer-deps.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2016 # It is a program, not a text.
node -e '
  const { readFileSync, writeFileSync } = require("node:fs");
  const [folder] = process.argv.slice(1);
  const { devDependencies: _, ...project } = JSON.parse(readFileSync("package.json"));
  const lock = JSON.parse(readFileSync("package-lock.json"));
  delete lock.packages[""].devDependencies;
  lock.packages = Object.fromEntries(Object.entries(lock.packages).filter(([, { dev }]) => dev !== true));
  writeFileSync(`${folder}/package.json`, JSON.stringify(project));
  writeFileSync(`${folder}/package-lock.json`, JSON.stringify(lock));
' "$folder"
cd "$folder"
npm sbom --legacy-peer-deps --package-lock-only --sbom-format=cyclonedx
