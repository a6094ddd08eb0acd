#!/bin/sh
# A command with the service's own settings, for /usr/local/bin/gatebridge: sudo -u gatebridge gatebridge check
set -ae
. /etc/gatebridge/gatebridge.env
GATEBRIDGE_CONFIG=/etc/gatebridge/gatebridge.toml
GATEBRIDGE__STORE__URL=sqlite:////var/lib/gatebridge/gatebridge.db
exec /opt/gatebridge/bin/gatebridge "$@"
