#!/bin/sh
# Puts what tests/deploy runs into a folder, out of the packages of a Debian or Ubuntu system and without changing that
# system: nothing is installed, no root is needed, and package lists are kept in the folder where the system has none.
set -eu

[ "${GATEBRIDGE_TEST_SKIP_DEPLOY:-}" != 1 ] || exit 0
mkdir -p "${1:?usage: install-tools.sh FOLDER}"
tools=$(cd "$1" && pwd)
mkdir -p "$tools/bin" "$tools/root" "$tools/apt/lists/partial" "$tools/apt/cache/archives/partial"

fail() { # PROGRAM REASON
    echo "install-tools: $2" >&2
    echo "install-tools: put $1 on the PATH, or set GATEBRIDGE_TEST_SKIP_DEPLOY=1 to go without the tests of deploy/" >&2
    exit 1
}

apt() {
    if [ -e "$tools/apt/own-lists" ]; then
        apt-get -q -o "Dir::State::Lists=$tools/apt/lists" -o "Dir::Cache=$tools/apt/cache" "$@"
    else
        apt-get -q "$@"
    fi
}

unpack() { # PROGRAM PACKAGE...
    program=$1
    shift
    rm -f "$tools"/apt/*.deb
    (cd "$tools/apt" && apt download "$@") >>"$tools/apt/log" 2>&1 || fail "$program" "apt-get cannot download $*: see $tools/apt/log"
    for package in "$tools"/apt/*.deb; do
        dpkg-deb -x "$package" "$tools/root"
    done
    rm -f "$tools"/apt/*.deb
}

ready() { # PROGRAM
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || fail "$1" "$1 is missing, and this system has no apt-get to get it with"
    apt-cache show "$1" >/dev/null 2>&1 && return
    touch "$tools/apt/own-lists"
    apt update >>"$tools/apt/log" 2>&1 || fail "$1" "apt-get cannot update its lists: see $tools/apt/log"
}

if ! command -v caddy >/dev/null && [ ! -x "$tools/bin/caddy" ]; then
    ready caddy
    unpack caddy caddy
    ln -sf ../root/usr/bin/caddy "$tools/bin/caddy"
fi

if ! command -v systemd-analyze >/dev/null && [ ! -x "$tools/bin/systemd-analyze" ]; then
    ready systemd
    # With the libraries that this system does not have: what an installation would bring along.
    apt -s -o Debug::NoLocking=1 --no-install-recommends install systemd >"$tools/apt/plan" 2>>"$tools/apt/log" ||
        fail systemd-analyze "apt-get cannot tell what systemd needs: see $tools/apt/log"
    missing=$(sed -n 's/^Inst \([^ ]*\).*/\1/p' "$tools/apt/plan")
    # shellcheck disable=SC2086  # one word a package
    unpack systemd-analyze ${missing:-systemd}
    cat >"$tools/bin/systemd-analyze" <<WRAPPER
#!/bin/sh
libraries=\$(find "$tools/root" -name '*.so*' -exec dirname {} + | sort -u | tr '\n' ':')
export LD_LIBRARY_PATH="\$libraries" SYSTEMD_UNIT_PATH="$tools/root/lib/systemd/system:$tools/root/usr/lib/systemd/system"
exec "$tools/root/usr/bin/systemd-analyze" "\$@"
WRAPPER
    chmod 755 "$tools/bin/systemd-analyze"
fi

# Seam's own server for tests/seam_fake, which are left out where it is missing. Any registry that npm is set up for.
seam='@seamapi/fake-seam-connect@1.86.0'
if [ -f "$tools/seam/node_modules/${seam%@*}/dist/server.js" ] &&
    grep -q "\"version\": \"${seam##*@}\"" "$tools/seam/node_modules/${seam%@*}/package.json"; then
    :
elif command -v node >/dev/null && command -v npm >/dev/null; then
    mkdir -p "$tools/seam"
    npm install --prefix "$tools/seam" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund "$seam" \
        >"$tools/seam/log" 2>&1 || echo "install-tools: npm cannot install $seam: see $tools/seam/log" >&2
else
    echo "install-tools: without node and npm, tests/seam_fake are left out" >&2
fi
