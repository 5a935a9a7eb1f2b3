#!/bin/sh
# What the Makefile asks of a machine before it installs anything.
#
#   setup.sh needs TOOL...              names each tool that is missing, and its package
#   setup.sh fetch WHAT COMMAND [ARG]   runs a command that downloads, and says so if it fails
set -eu

missing=0

# missing WHAT PACKAGE FORMULA: for Debian and Ubuntu, and for macOS with Homebrew.
missing() {
	missing=1
	if command -v apt-get >/dev/null; then
		how="sudo apt-get install $2"
	elif command -v brew >/dev/null; then
		how="brew install $3"
	else
		how="install it: Debian and Ubuntu call the package $2, Homebrew $3"
	fi
	echo "$1: $how" >&2
}

# go.mod names the version; any since 1.21 downloads that by itself.
check_go() {
	if ! command -v go >/dev/null; then
		missing "Go is missing" golang-go go
		return
	fi
	version=$(go env GOVERSION)
	minor=${version#go1.}
	minor=${minor%%[!0-9]*}
	if [ "${minor:-0}" -lt 21 ]; then
		missing=1
		echo "Go is ${version#go}, must be 1.21 or newer: see https://go.dev/doc/install" >&2
	fi
}

check_python() {
	if ! command -v python3 >/dev/null; then
		missing "Python 3 is missing" "python3 python3-venv" python
	elif ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
		missing "Python is $(python3 -c 'import platform; print(platform.python_version())'), must be 3.10 or newer" "python3 python3-venv" python
	elif ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
		missing "Python has no venv" python3-venv python
	fi
}

needs() {
	for tool; do
		case $tool in
			go) check_go ;;
			npm) command -v npm >/dev/null || missing "npm is missing" npm node ;;
			python3-venv) check_python ;;
			*)
				echo "setup.sh needs: unknown tool $tool, must be go, npm or python3-venv" >&2
				exit 2
				;;
		esac
	done
	exit "$missing"
}

fetch() {
	what=$1
	shift
	"$@" || {
		code=$?
		proxy=${HTTPS_PROXY:-${https_proxy:-}}
		proxy=${proxy##*@} # without a password
		echo "Could not get $what, see above. They are downloaded once: is there a network${proxy:+, does the proxy $proxy answer}?" >&2
		exit "$code"
	}
}

action=${1:?must be needs or fetch}
shift
case $action in
	needs) needs "$@" ;;
	fetch) fetch "$@" ;;
	*)
		echo "setup.sh: unknown action $action, must be needs or fetch" >&2
		exit 2
		;;
esac
