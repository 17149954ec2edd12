#!/bin/sh
# The foreign database that tests connect to besides PostgreSQL: Debian's MariaDB. It is never started by the system.
if [ -x /usr/sbin/mariadbd ] || command -v mariadbd >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing mariadb-server (once) ..."
    if apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server >/dev/null; then
        exit 0
    fi
fi
echo "############################################################################"
echo "# NOT PROVEN HERE: tests against MariaDB are skipped, mariadbd is missing.  #"
echo "# As root: apt-get install mariadb-server                                   #"
echo "############################################################################"
exit 0
