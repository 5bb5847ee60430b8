FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DO_NOT_TRACK=1 \
    GX_ANALYTICS_ENABLED=false \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    SCARF_ANALYTICS=false \
    SCARF_NO_ANALYTICS=true

# Numbers, not names: a volume keeps its owner whatever the image calls it.
RUN groupadd --gid 10001 wres && useradd --uid 10001 --gid 10001 --create-home wres

WORKDIR /opt/wres

# Packages before sources, so that a changed model does not install them again.
COPY requirements.lock ./
RUN pip install --no-deps --require-hashes -r requirements.lock

COPY pyproject.toml README.md ./
COPY sources ./sources
COPY dags ./dags
COPY plugins ./plugins
COPY dbt_project ./dbt_project
COPY expectations ./expectations
RUN pip install --no-deps --no-build-isolation --editable .

# A new named volume takes content and owner of the folder that it covers: these must exist and belong to the user.
ENV WRES_HOME=/var/lib/wres \
    AIRFLOW_HOME=/var/lib/wres/airflow
RUN mkdir -p /var/lib/wres/landing /var/lib/wres/archive /var/lib/wres/airflow && chown -R wres:wres /var/lib/wres
USER wres

CMD ["wres", "status"]
