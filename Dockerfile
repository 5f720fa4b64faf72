# syntax=docker/dockerfile:1

# A release pins the digest as well: --build-arg NODE_IMAGE=node:24.21.0-slim@sha256:…
ARG NODE_IMAGE=node:24.21.0-slim

# What the program needs at run time, and nothing of the sandbox.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts
COPY LICENSE NOTICE ./
COPY gateway gateway
COPY subgraphs subgraphs
COPY schema schema
COPY kit kit
COPY ops ops
RUN rm -rf ops/sandbox ops/console \
  && mkdir config data

# For a laptop: with the sandbox, GraphiQL and the tools of development. `docker build --target development .`
FROM ${NODE_IMAGE} AS development
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY gateway gateway
COPY subgraphs subgraphs
COPY schema schema
COPY kit kit
COPY ops ops
RUN mkdir data && chown 1000:1000 data
ENV NODE_ENV=development \
  GATEWAY_HOST=0.0.0.0 \
  ADMIN_HOST=0.0.0.0 \
  DATA_DIR=/app/data
USER 1000:1000
EXPOSE 8000 9090 8080 8081 8082 8083 8084 8086 8090
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s --retries=3 CMD ["node", "ops/health-check.ts"]
ENTRYPOINT []
CMD ["node", "gateway/main.ts"]

FROM ${NODE_IMAGE} AS gateway
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="lab-gateway" \
  org.opencontainers.image.description="GraphQL federation gateway over a laboratory's REST microservices and its graph-query service" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}"
WORKDIR /app
# Everything belongs to root and the process does not, so that it cannot change its own program; data/ alone is its own.
COPY --from=build /app ./
COPY --from=build --chown=1000:1000 /app/data data
ENV NODE_ENV=production \
  ENVIRONMENT=production \
  GATEWAY_HOST=0.0.0.0 \
  ADMIN_HOST=0.0.0.0 \
  DATA_DIR=/app/data
USER 1000:1000
EXPOSE 8000 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s --retries=3 CMD ["node", "ops/health-check.ts"]
# Without a shell and without an entry point of the base image, so that signals reach the gateway. The heap may take three
# quarters of what the container may; sockets and buffers live beside it. Variables may stand in a mounted config/gateway.env.
ENTRYPOINT []
CMD ["node", "--max-old-space-size-percentage=75", "--env-file-if-exists=config/gateway.env", "gateway/main.ts"]
