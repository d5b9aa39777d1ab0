# Serves exported models: docker build -t vestry . && docker run -p 8000:8000 vestry
# A model of one's own: docker run -p 8000:8000 -v "$PWD/model.onnx:/model.onnx:ro" vestry serve --host 0.0.0.0 /model.onnx
FROM python:3.12-slim AS built
WORKDIR /source
COPY . .
RUN python -m venv /opt/vestry \
 && /opt/vestry/bin/pip install --no-cache-dir --constraint constraints.txt . \
 && /opt/vestry/bin/pip uninstall --yes pip

FROM python:3.12-slim
COPY --from=built /opt/vestry /opt/vestry
RUN useradd --create-home --uid 10001 vestry
USER vestry
WORKDIR /home/vestry
ENV PATH="/opt/vestry/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
HEALTHCHECK --start-period=10s CMD ["python", "-c", \
  "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/v2/health/ready', timeout=3)"]
ENTRYPOINT ["vestry"]
CMD ["serve", "--host", "0.0.0.0"]
