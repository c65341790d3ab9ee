# Stagedoor in an image of its own: the static program and the certificates of
# public CAs, and a /tmp for receipts and rows while they grow. It runs as nobody in particular and keeps its home
# (database and key) in /data: give that a volume, or everything is forgotten.
#
#   docker build -t stagedoor .
#   docker run --rm -it -v stagedoor:/data stagedoor credential add acme
#
# A sync by a schedule needs no home, only a PostgreSQL to write to (docs/containers.md):
#
#   docker run --rm --read-only --tmpfs /tmp --env-file zoom.env stagedoor sync env meeting_activities --into env:DEST
#
# The gateway, for a proxy on this machine that does TLS (docs/serve.md). Nothing in the image can
# ask for its health; whoever runs it asks /healthz and /readyz from outside.
#
#   docker run -d --stop-timeout 60 -p 127.0.0.1:8700:8700 -v stagedoor:/data stagedoor \
#     serve --listen 0.0.0.0:8700 --behind-proxy --public-url https://gateway.example.com
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/stagedoor ./cmd/stagedoor && mkdir -m 0700 /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/stagedoor /stagedoor
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
USER 65532:65532
ENV STAGEDOOR_HOME=/data
VOLUME /data
EXPOSE 8700
ENTRYPOINT ["/stagedoor"]
