# Sourced by the other tools (POSIX sh): installs what is missing, configures, builds. Everything that
# is said here goes to standard error; standard output belongs to the command that is run.
# The caller has set `tool`, its name for messages, and `root`, the top of the tree.
# shellcheck disable=SC2154

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$tool: $*"
    exit 125
}
have() { command -v "$1" >/dev/null 2>&1; }

# --- packages --------------------------------------------------------------------------------

# Names the Debian packages, of those that every build needs, whose program or header is not there.
# Headers are looked for where a package puts them; meson has a fallback for each (subprojects/).
missing_build_packages() {
    have "${CXX:-c++}" || echo g++
    have meson || echo meson
    have ninja || echo ninja-build
    have pkg-config || echo pkg-config
    have apt-get || return 0
    [ -e /usr/include/CLI/CLI.hpp ] || echo libcli11-dev
    [ -e /usr/include/fmt/format.h ] || echo libfmt-dev
    [ -e /usr/include/nlohmann/json.hpp ] || echo nlohmann-json3-dev
    # Round robin in the kernel: the meson feature bpf, which is left out where one of these is missing.
    [ -e /usr/include/bpf/libbpf.h ] || echo libbpf-dev
    [ -x /usr/sbin/bpftool ] || have bpftool || echo bpftool
    have clang || echo clang
}

# Of the named Debian packages those that are not installed.
missing_packages() {
    have dpkg-query || return 0
    _installed=" $(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' | tr '\n' ' ')"
    for _name; do
        case "$_installed" in *" $_name "*) ;; *) echo "$_name" ;; esac
    done
}

may_install() { [ "$(id -u)" = 0 ] && have apt-get; }

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -- "$@"
}

# A package's server is not to be started by its installation, nor at the next boot: a port would be
# taken that nobody asked for. What was on this machine before is left alone.
install_quietly() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        trap 'exit 130' INT HUP TERM
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    services=
    for service in haproxy lighttpd nginx php8.2-fpm uwsgi; do
        [ -e "/etc/init.d/$service" ] || services="$services $service"
    done
    units=
    for unit in podman.service podman.socket podman-restart.service podman-auto-update.timer \
        podman-auto-update.service; do
        [ -n "$(find /etc/systemd/system -name "$unit" 2>/dev/null)" ] || units="$units $unit"
    done
    # A bare machine has no package lists; old ones name versions that are not there any more.
    lists=/var/lib/apt/lists
    find "$lists" -maxdepth 1 -name '*_Packages*' 2>/dev/null | grep -q . || apt-get update -qq || :
    apt_install "$@" || { apt-get update -qq && apt_install "$@"; } || exit 1
    for service in $services; do
        if [ -e "/etc/init.d/$service" ] && have update-rc.d; then
            update-rc.d "$service" disable || :
        fi
    done
    for unit in $units; do
        if [ -n "$(find /etc/systemd/system -name "$unit")" ] && have deb-systemd-helper; then
            DPKG_MAINTSCRIPT_PACKAGE=podman deb-systemd-helper disable "$unit" || :
        fi
    done
) </dev/null

# Installs the named packages or ends with the reason and the remedy.
install_packages() {
    [ $# -gt 0 ] || return 0
    have apt-get ||
        die "missing on this machine: $*" \
            "(Debian's names; install them with this system's package manager)"
    may_install || die "these Debian packages are missing: $*
Install them once as root, then run this again:
    apt-get update; apt-get install --no-install-recommends $*"
    say "$tool: installing $*"
    _log=$(mktemp)
    if install_quietly "$@" >"$_log" 2>&1; then
        rm -f "$_log"
    else
        tail -n 30 "$_log" >&2
        rm -f "$_log"
        die "apt-get could not install: $*"
    fi
}

# The same for packages that one can do without: prints the names of those that are still missing.
install_optional() {
    [ $# -gt 0 ] || return 0
    if may_install; then
        say "$tool: installing $*"
        # One that cannot be had must not keep the others away.
        install_quietly "$@" >/dev/null 2>&1 ||
            for _package; do
                install_quietly "$_package" >/dev/null 2>&1 || :
            done
    fi
    missing_packages "$@"
}

# install_from_npm DIR PACKAGE@VERSION…: into DIR/node_modules, which needs no root; prints those that
# could not be had.
install_from_npm() {
    _place=$1
    shift
    mkdir -p "$_place"
    for _package; do
        if [ "$(cat "$_place/.${_package%@*}" 2>/dev/null)" != "$_package" ]; then
            say "$tool: installing $_package from npm"
            if have npm && npm install --no-audit --no-fund --no-save --silent --prefix "$_place" \
                "$@" </dev/null >/dev/null 2>&1; then
                for _name; do printf '%s\n' "$_name" >"$_place/.${_name%@*}"; done
            else
                echo "$_package"
            fi
        fi
    done
}

# --- build -----------------------------------------------------------------------------------

# configure DIR ARGUMENT…: meson setup, unless it was done with the same words before.
configure() {
    _dir=$1
    shift
    _wanted="$root|${CXX:-}|${CXXFLAGS:-}|${LDFLAGS:-}|$*"
    _found=
    [ ! -r "$_dir/.configured" ] || IFS= read -r _found <"$_dir/.configured" || :
    [ "$_found" != "$_wanted" ] || [ ! -e "$_dir/build.ninja" ] || return 0
    if [ -e "$_dir/meson-private" ]; then
        find "$_dir" -mindepth 1 -maxdepth 1 ! -name .lock -exec rm -rf {} +
    fi
    meson setup "$@" "$_dir" "$root" >"$_dir/.setup-log" 2>&1 || {
        tail -n 30 "$_dir/.setup-log" >&2
        die "meson could not configure $_dir (all of it: $_dir/.setup-log)"
    }
    printf '%s\n' "$_wanted" >"$_dir/.configured"
}

# build DIR ARGUMENT…: configures and builds, one caller at a time; says nothing where nothing is to do.
build() (
    dir=$1
    shift
    mkdir -p "$dir" 2>/dev/null || :
    [ -w "$dir" ] || die "cannot write to $dir"
    if have flock; then
        exec 9>"$dir/.lock"
        flock 9
    fi
    configure "$dir" "$@"
    case "$(ninja -C "$dir" -n 2>&1)" in
    *"no work to do"*) ;;
    *)
        say "$tool: building in $dir"
        ninja -C "$dir" >&2 || die "the build failed"
        ;;
    esac
)
