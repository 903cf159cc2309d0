#!/bin/sh
# certbot runs this after each renewal: /etc/letsencrypt/renewal-hooks/deploy/tsgi, chmod 755.
# Only root can read certbot's files. The service has copies that its group can read.
set -e
install -D -m 640 -g ssl-cert -t /etc/tsgi "$RENEWED_LINEAGE/fullchain.pem" "$RENEWED_LINEAGE/privkey.pem"
systemctl try-reload-or-restart tsgi
