# nli-serve: the service alone, without Kedro and without anything that trains.
#
#   docker build --tag nli-serve .
#   docker run --publish 8000:8000 --volume nli:/var/lib/nli --env-file serve.env nli-serve
#
# serve.env names the registry and the tokens (docs/serving.md): nothing secret is in the image.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_CONSTRAINT=constraints.txt
COPY constraints.txt requirements-serving.txt ./
# Without pip: nothing can be installed into the image later.
RUN python -m venv --without-pip /opt/nli \
 && python -m pip --python /opt/nli/bin/python install --requirement requirements-serving.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN python -m pip --python /opt/nli/bin/python install --no-deps .

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 nli \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/nli nli \
 && install --directory --owner 10001 --group 10001 /var/lib/nli
COPY --from=build /opt/nli /opt/nli
# Others can reach a container: it starts with tokens only.
ENV PATH=/opt/nli/bin:$PATH PYTHONUNBUFFERED=1 NLI_HOME=/var/lib/nli \
    NLI_SERVE_MODEL=prod.nli.classifier NLI_SERVE_HOST=0.0.0.0 NLI_SERVE_PORT=8000
WORKDIR /var/lib/nli
# Verified versions, the inference log's journal and, unless NLI_LOG_URL is set, the log itself.
VOLUME /var/lib/nli
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['NLI_SERVE_PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["nli-serve"]
