# The platform in a container: `docker build --tag sentry .`
# The first stage installs the locked requirements, by hash and from wheels alone, and our package.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY requirements requirements
RUN python -m venv /opt/build && python -m venv --without-pip /opt/sentry
RUN /opt/build/bin/python -m pip install --no-cache-dir --require-hashes --only-binary :all: \
      --requirement requirements/bootstrap.txt
RUN /opt/build/bin/uv pip install --python /opt/sentry/bin/python --require-hashes \
      --only-binary :all: --requirement requirements/base.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/build/bin/uv build --wheel --no-build-isolation --python /opt/build/bin/python \
      --out-dir /opt/wheels
RUN /opt/build/bin/uv pip install --python /opt/sentry/bin/python --no-deps --no-index \
      /opt/wheels/sentry-*.whl
RUN /opt/sentry/bin/python -m compileall -q -j 0 /opt/sentry/lib

# The second holds what runs: Python, git for mirrors, and what was installed. No key is in it: they
# come from the environment, or are made in /var/lib/sentry.
FROM python:3.13-slim-bookworm
RUN apt-get update \
      && apt-get install --yes --no-install-recommends git \
      && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 sentry \
      && useradd --uid 10001 --gid sentry --home-dir /var/lib/sentry --no-create-home sentry \
      && install --directory --owner sentry --group sentry --mode 700 /var/lib/sentry
COPY --from=build /opt/sentry /opt/sentry
ENV PATH=/opt/sentry/bin:$PATH \
    SENTRY_HOME=/var/lib/sentry
WORKDIR /var/lib/sentry
VOLUME /var/lib/sentry
USER 10001:10001
EXPOSE 9000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
  CMD ["python", "-m", "sentry.runner.healthcheck", "http://127.0.0.1:9000/_health/"]
ENTRYPOINT ["sentry"]
CMD ["run", "web", "--host", "0.0.0.0", "--port", "9000"]
