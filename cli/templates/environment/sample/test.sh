# Stands for tests: runs what the build made.
set -eu
[ "$(./hello world)" = "hello, world" ]
echo "1 test passed"
