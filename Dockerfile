# One service of Reprovena: docker build --build-arg SERVICE=registry -t reprovena-registry .
# It runs as an ordinary user on a read-only root and writes to /tmp alone (and to a volume, where FILES_URL is a folder).
ARG PYTHON=docker.io/library/python:3.12-slim-bookworm

FROM ${PYTHON} AS built
ARG SERVICE
# reana-client brings Snakemake's datrie, which has no wheels
RUN if [ "${SERVICE}" = executor ]; then \
        apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*; fi
RUN test -n "${SERVICE}" && pip install --no-cache-dir --disable-pip-version-check "uv>=0.9,<0.14"
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/app
WORKDIR /source

# what others wrote changes seldom
COPY pyproject.toml uv.lock ./
COPY libs/contracts/pyproject.toml libs/contracts/
COPY libs/chassis/pyproject.toml libs/chassis/
COPY services/registry/pyproject.toml services/registry/
COPY services/executor/pyproject.toml services/executor/
COPY services/provenance/pyproject.toml services/provenance/
COPY services/gateway/pyproject.toml services/gateway/
COPY services/onebox/pyproject.toml services/onebox/
COPY clients/reprovena/pyproject.toml clients/reprovena/
RUN uv sync --frozen --no-editable --no-dev --no-install-workspace --package "reprovena-${SERVICE}" --extra production

# what we wrote
COPY libs libs
COPY services services
COPY clients clients
RUN uv sync --frozen --no-editable --no-dev --package "reprovena-${SERVICE}" --extra production \
    && printf '#!/bin/sh\nexec /app/bin/python -m %s "$@"\n' "${SERVICE}" > /app/bin/service \
    && chmod 755 /app/bin/service

FROM ${PYTHON}
ARG SERVICE
LABEL org.opencontainers.image.title="reprovena-${SERVICE}"
RUN groupadd --gid 10001 reprovena \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin reprovena \
    && install -d -o 10001 -g 10001 -m 0750 /files /runs
COPY --from=built /app /app
ENV PATH=/app/bin:${PATH} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp XDG_RUNTIME_DIR=/tmp \
    HOST=0.0.0.0 PORT=8000 STATE=/tmp/reprovena FILES_URL=file:/files
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["/app/bin/python", "-m", "chassis.healthy"]
ENTRYPOINT ["/app/bin/service"]
CMD ["serve"]
