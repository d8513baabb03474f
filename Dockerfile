# Copyright 2026 The RoomSecret Authors
# SPDX-License-Identifier: Apache-2.0

# The images that "make images" makes without a container engine, for those who have one:
#
#   docker build --target manager --tag localhost/roomsecret-operator .
#   docker build --target roomserver --tag localhost/roomsecret-roomserver .

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY . .
RUN go run -C hack/images . -files /image -platforms $TARGETOS/$TARGETARCH

FROM scratch AS manager
LABEL org.opencontainers.image.title="RoomSecret operator" \
      org.opencontainers.image.description="Keeps Kubernetes Secrets and the secrets of rooms in step" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/roomsecrets/roomsecret-operator"
COPY --from=build /image/manager/ /
WORKDIR /
USER 65532:65532
ENTRYPOINT ["/manager"]

FROM scratch AS roomserver
LABEL org.opencontainers.image.title="Room server" \
      org.opencontainers.image.description="A self-hosted room server that keeps room secrets" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/roomsecrets/roomsecret-operator"
COPY --from=build /image/roomserver/ /
WORKDIR /
USER 65532:65532
ENTRYPOINT ["/roomserver"]
