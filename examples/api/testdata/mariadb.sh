#!/bin/sh
# Puts MariaDB's server into the folder DIR, from the packages of this Debian or
# Ubuntu machine, with what of their libraries it lacks. It needs no root and
# changes nothing outside of DIR.
#
#   mariadb.sh DIR
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
mkdir -p "$dir/lists/partial" "$dir/archives/partial"
apt() {
  apt-get --quiet=2 -o Debug::NoLocking=true \
    -o Dir::State::Lists="$dir/lists" -o Dir::Cache::Archives="$dir/archives" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}
apt update
apt install --yes --no-install-recommends --download-only --reinstall mariadb-server-core mariadb-client-core
for package in "$dir"/archives/*.deb; do
  dpkg-deb --extract "$package" "$dir"
done
rm -r "$dir/lists" "$dir/archives"
