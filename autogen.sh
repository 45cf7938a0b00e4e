#!/bin/sh
# Makes configure. Needs autoconf, automake, autoconf-archive, gettext (autopoint), pkg-config.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force
