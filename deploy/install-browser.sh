#!/bin/sh
# The browser that the journeys drive: Debian's Chromium, with fonts that can write Chinese.
if command -v chromium >/dev/null 2>&1 && fc-list 2>/dev/null | grep -qi "noto.*cjk"; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing chromium and fonts (once) ..."
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null; then
        exit 0
    fi
fi
echo "############################################################################"
echo "# NOT PROVEN HERE: the browser journeys are skipped, chromium is missing.   #"
echo "# As root: apt-get install chromium fonts-noto-cjk                          #"
echo "############################################################################"
exit 0
