# Stagedoor in an image of its own: the static program and the certificates of
# public CAs, and a /tmp for receipts while they grow. It runs as nobody in particular and keeps its home
# (database and key) in /data: give that a volume, or everything is forgotten.
#
#   docker build -t stagedoor .
#   docker run --rm -it -v stagedoor:/data stagedoor credential add acme
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
ENTRYPOINT ["/stagedoor"]
