# Stagedoor in an image of its own: the static program and the certificates of
# public CAs, and a /tmp for receipts while they grow. It runs as nobody in particular and keeps its home
# (database and key) in /data: give that a volume, or everything is forgotten.
#
#   docker build -t stagedoor .
#   docker run --rm -it -v stagedoor:/data stagedoor credential add acme
#   docker run -d -v stagedoor:/data -p 127.0.0.1:8700:8700 stagedoor     # the daemon, docs/serve.md
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
STOPSIGNAL SIGTERM
ENTRYPOINT ["/stagedoor"]
# The daemon, behind the proxy that the host, or the cluster, has in front of it:
# from outside nothing reaches a container but through a port that somebody opened.
CMD ["serve", "--listen", "0.0.0.0:8700", "--behind-proxy"]
