#!/bin/sh
# What epubcheck runs on: Debian's Java, for the tests of exported books alone.
if command -v java >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Java (once) ..."
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null; then
        exit 0
    fi
fi
echo "############################################################################"
echo "# NOT PROVEN HERE: epubcheck is skipped, java is missing.                   #"
echo "# As root: apt-get install default-jre-headless                             #"
echo "############################################################################"
exit 0
