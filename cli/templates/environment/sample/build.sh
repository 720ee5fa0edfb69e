# Stands for a build: makes a program out of nothing.
set -eu
printf '%s\n' '#!/bin/sh' 'echo "hello, $1"' > hello
chmod +x hello
