#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# root.sh ARCHITECTURE FOLDER: unpacks cmocka of another Debian architecture below FOLDER/root. Its
# apt has all its state in FOLDER, so that nothing of this machine's is touched or installed.
set -eu
LC_ALL=C
export LC_ALL

[ $# -eq 2 ] || {
    echo "usage: root.sh ARCHITECTURE FOLDER" >&2
    exit 2
}
architecture=$1
mkdir -p "$2"
folder=$(CDPATH='' cd -- "$2" && pwd)
tree=$folder/root
header=usr/include/cmocka.h
[ -f "$tree/$header" ] && exit 0

mkdir -p "$folder/etc/apt.conf.d" "$folder/etc/preferences.d" "$folder/etc/sources.list.d" \
    "$folder/state/lists/partial" "$folder/cache/archives/partial" "$tree"
: >"$folder/status"
# Debian's own places only; others may not have the architecture.
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
    "http://deb.debian.org/debian $release main" >"$folder/etc/sources.list"
cat >"$folder/apt.conf" <<EOF
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::Etc "$folder/etc";
Dir::State "$folder/state";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
EOF
APT_CONFIG=$folder/apt.conf
export APT_CONFIG
apt-get -qq update >&2
cd "$folder/cache/archives"
apt-get -qq download libcmocka0 libcmocka-dev >&2
for package in *.deb; do
    dpkg -x "$package" "$tree"
done
[ -f "$tree/$header" ]
