#!/usr/bin/env bash
# Puts the frameworks that the tests of Python serve below a folder: those of Debian sid, as the releases before have none
# that run on Python 3.14. They are unpacked and not installed, from lists of packages of their own: what the machine has
# of apt stays as it is.
set -euo pipefail

folder=${1:?a folder is expected}
packages="python3-asgiref python3-blinker python3-bottle python3-click python3-django python3-falcon python3-flask
  python3-itsdangerous python3-jinja2 python3-legacy-cgi python3-markupsafe python3-sqlparse python3-waitress python3-webob python3-werkzeug"

[ -e "$folder/complete" ] && exit

mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/debs"
# From where the machine has its own packages.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
cat >"$folder/apt/sources.list" <<LIST
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main
LIST
touch "$folder/apt/status"
cat >"$folder/apt/apt.conf" <<CONF
Dir::State "$folder/apt";
Dir::State::lists "$folder/apt/lists";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt/cache";
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "root";
CONF
export APT_CONFIG="$folder/apt/apt.conf"
apt-get update -qq
cd "$folder/debs"
# shellcheck disable=SC2086 # several words
apt-get download -qq $packages
for package in *.deb; do dpkg-deb -x "$package" "$folder"; done
rm -r "$folder/apt" "$folder/debs"
touch "$folder/complete"
