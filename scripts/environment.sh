# Sourced by the commands beside it: makes .venv and keeps it in step with the requirements.
# Speaks in single lines; pip's own words go to a log file.

var_dir="${FERRY_VAR:-$PWD/var}"

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# prepare_venv FILE: .venv holds what the requirements file names. Fast, and without network, when it does already.
prepare_venv() {
    local requirements="$1" made_for stamp
    mkdir -p "$var_dir/log"
    exec 9>"$var_dir/venv.lock"
    if command -v flock >/dev/null; then flock 9; fi
    made_for="$(_require_python) in $PWD"
    stamp="$(_stamp "$requirements")"
    if ! _is_whole "$made_for"; then _make_venv "$made_for"; fi
    if [ ! -e ".venv/has-$stamp" ]; then _install "$requirements" "$stamp"; fi
    exec 9>&-
}

# prepare_kvm: .venv holds what KVM hosts need; with root, Debian's packages that it compiles against are installed.
# Fails, with the reason in kvm_is_missing, where that cannot be had.
prepare_kvm() {
    local stamp missing
    stamp="kvm-$(sha256sum requirements-kvm.txt | cut -d' ' -f1)"
    if [ -e ".venv/$stamp" ] && .venv/bin/python -c 'import libvirt' 2>/dev/null; then return; fi
    missing="$(_missing_packages libvirt-dev pkg-config gcc python3-dev)"
    if [ -n "$missing" ] && ! _apt_install $missing; then
        kvm_is_missing="KVM hosts need $missing, which apt-get could not install here (it needs root on Debian)."
        return 1
    fi
    echo "Installing requirements-kvm.txt (pip's log: $var_dir/log/pip-kvm.log)."
    if ! .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
        -r requirements-kvm.txt >"$var_dir/log/pip-kvm.log" 2>&1; then
        kvm_is_missing="pip could not install requirements-kvm.txt; see $var_dir/log/pip-kvm.log."
        return 1
    fi
    rm -f .venv/kvm-*
    touch ".venv/$stamp"
}

_missing_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    echo "${missing[*]}"
}

_apt_install() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then return 1; fi
    echo "Installing $* (apt's log: $var_dir/log/apt.log)."
    (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@") \
        >"$var_dir/log/apt.log" 2>&1 </dev/null
}

_stamp() {
    cat requirements.txt "$1" | sha256sum | cut -d' ' -f1
}

_require_python() {
    command -v python3 >/dev/null || fail "Ferry needs Python 3.11 or newer. On Debian: apt-get install python3 python3-venv"
    python3 - <<'PYTHON' || exit 1
import sys

if sys.version_info < (3, 11):
    sys.exit(f"Ferry needs Python 3.11 or newer; python3 is {sys.version.split()[0]}. Install a newer one.")
try:
    import ensurepip, venv  # noqa: E401, F401
except ImportError:
    sys.exit("Ferry needs Python's venv and pip. On Debian: apt-get install python3-venv")
print("Python", sys.version.split()[0])
PYTHON
}

# A venv is whole when it was made here, by this Python, its installation was not interrupted, and it starts.
_is_whole() {
    [ ! -e .venv/unfinished ] && [ "$(cat .venv/made-for 2>/dev/null)" = "$1" ] &&
        .venv/bin/python -c 'import pip' 2>/dev/null
}

_make_venv() {
    echo "Making the virtual environment .venv ($1)."
    rm -rf .venv
    python3 -m venv .venv >"$var_dir/log/venv.log" 2>&1 ||
        fail "Python could not make a virtual environment:" "$(tail -n 20 "$var_dir/log/venv.log")"
    printf '%s\n' "$1" >.venv/made-for
}

_install() {
    echo "Installing $1 (pip's log: $var_dir/log/pip.log)."
    touch .venv/unfinished
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
        -r "$1" >"$var_dir/log/pip.log" 2>&1 ||
        fail "pip could not install $1. The end of its log:" "$(tail -n 20 "$var_dir/log/pip.log")"
    rm -f .venv/has-* .venv/unfinished
    touch ".venv/has-$2"
    if [ "$1" = requirements-dev.txt ]; then
        touch ".venv/has-$(_stamp requirements.txt)"
    fi
}
