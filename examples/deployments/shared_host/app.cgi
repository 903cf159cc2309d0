#!/bin/sh
# The script that .htaccess passes requests to: chmod 755 app.cgi

# Your home folder. Apache may not tell the script where it is.
HOME=/home/ada

# Deno's cache, in a folder that the script's user can write to.
export DENO_DIR="$HOME/.cache/deno"

# Keeps app.cgi out of the URLs that the application makes.
export SCRIPT_NAME="${SCRIPT_NAME%/app.cgi}"

exec "$HOME/.deno/bin/deno" run -A "$HOME/app/app.js"
