# One image for the web application, the workers and the migrations: what it does is its command.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
# Playwright is pinned and drives the Chromium of Debian's security updates; rebuild the image to take them.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates chromium-headless-shell ffmpeg fonts-liberation fonts-noto-color-emoji tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 sentri \
    && useradd --uid 10001 --gid sentri --create-home --shell /usr/sbin/nologin sentri \
    && install -d -o sentri -g sentri /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/sentri
COPY manage.py requirements.txt ./
COPY sentri sentri
COPY projects projects
COPY runs runs
COPY templates templates
RUN /opt/venv/bin/python -m compileall -q sentri projects runs
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SENTRI_DATA_DIR=/data \
    SENTRI_CACHE_DIR=/data/cache \
    SENTRI_BROWSER_PATH=/usr/lib/chromium/chromium-headless-shell
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Browsers leave processes behind when they are killed; tini buries those that the supervisor has not adopted.
ENTRYPOINT ["tini", "-s", "--"]
CMD ["python", "-m", "uvicorn", "sentri.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--no-proxy-headers", "--ws-max-size", "65536", "--timeout-graceful-shutdown", "10"]
