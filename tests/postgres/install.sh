#!/bin/sh
# Installs PostgreSQL for the tests where there is none: the packages of a Debian or Ubuntu system, without the cluster
# that they make and start on their own.
set -eu

[ "${GATEBRIDGE_TEST_SKIP_POSTGRES:-}" != 1 ] || exit 0
answers=/etc/postgresql-common/createcluster.d

fail() { # REASON
    echo "install: PostgreSQL is missing, and $1" >&2
    echo "install: put postgres and initdb on the PATH, or set GATEBRIDGE_TEST_SKIP_POSTGRES=1 to go without these tests" >&2
    exit 1
}

present() {
    # PostgreSQL refuses root.
    [ "$(id -u)" != 0 ] || id postgres >/dev/null 2>&1 || return 1
    program=$(command -v postgres || true)
    [ -z "$program" ] || [ ! -x "$(dirname "$(readlink -f "$program")")/initdb" ] || return 0
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ ! -x "$program" ] || return 0
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql >&2
}

! present || exit 0
command -v apt-get >/dev/null || fail "this system has no apt-get to get it with"
as_root true 2>/dev/null || fail "only root can install it (here sudo asks for a password, or is missing)"

echo "install: apt-get installs PostgreSQL for the tests" >&2
trap 'as_root rm -f "$answers/gatebridge.conf"; as_root rmdir "$answers" 2>/dev/null || true' EXIT
as_root mkdir -p "$answers"
echo "create_main_cluster = false" | as_root tee "$answers/gatebridge.conf" >/dev/null
install 2>/dev/null || { as_root apt-get update -qq >&2 && install; } || fail "apt-get cannot install it"
present || fail "its package has brought none"
