FROM python:3.12-slim
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY pipeline pipeline
COPY channels channels
COPY templates templates
COPY config config
COPY examples examples
RUN pip install --no-cache-dir -c constraints.txt '.[postgresql]' \
    && useradd --system --create-home --home-dir /var/lib/tongfa tongfa
USER tongfa
WORKDIR /var/lib/tongfa
CMD ["newsroom", "worker"]
