# The whole Space: the API and the panel, in one process on port 7860.
FROM python:3.13-slim

ENV HOME=/home/user \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    DATA_DIR=/app/data

# A Space runs as uid 1000 and wants /app to be its own. Under any other uid the server starts too:
# like /tmp, the data folder is open to whoever runs it, and the files in it to nobody else.
RUN useradd --create-home --uid 1000 user && \
    install -d -o user -g user /app && \
    install -d -o user -g user -m 1777 /app/data
WORKDIR /app

# Before the code, so that a change of the code does not install the packages again.
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY --chown=user:user app.py ./
COPY --chown=user:user backend ./backend
COPY --chown=user:user panel ./panel
COPY --chown=user:user doctor ./doctor

USER 1000
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as web; web.build_opener(web.ProxyHandler({})).open('http://127.0.0.1:' + os.environ.get('PORT', '7860') + '/health', timeout=4)"]
# The form without a shell: SIGTERM reaches the server, which then finishes what is in flight.
CMD ["python", "app.py"]
