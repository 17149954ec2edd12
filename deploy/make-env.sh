#!/bin/sh
# Print the settings of a new installation, secrets included: sh deploy/make-env.sh platform.example.com > deploy/.env
set -eu
domain=${1:?the name people use, as in: sh deploy/make-env.sh platform.example.com}
example=$(dirname "$0")/example.env
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
while IFS= read -r line; do
    case $line in
        DOMAIN=*) echo "DOMAIN=$domain" ;;
        *=secret) echo "${line%=secret}=$(secret)" ;;
        *) printf '%s\n' "$line" ;;
    esac
done < "$example"
