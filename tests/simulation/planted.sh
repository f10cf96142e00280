#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# planted.sh PROGRAM: the planted bug of ordering is found, and the command that is printed replays the run to the bit.
set -u
program=$1
found=$("$program" --planted --seeds 1..500) && { echo "the planted bug was not found"; exit 1; }
line=$(printf '%s\n' "$found" | sed -n 's/^  replay: //p' | head -n 1)
hash=$(printf '%s\n' "$found" | sed -n 's/.*, hash //p' | head -n 1)
seed=${line##*--seed }
[ -n "$line" ] && [ -n "$hash" ] || { echo "no command to replay with: $found"; exit 1; }
again=$($line) && { echo "the replay did not fail: $line"; exit 1; }
printf '%s\n' "$again" | grep -q "hash $hash" || { echo "another run: $again; wanted $hash"; exit 1; }
"$program" --seed "$seed" || { echo "seed $seed fails without the bug, too"; exit 1; }
# The same seeds on one thread and on several are the same runs.
one=$("$program" --seeds 1..100 --jobs 1 | grep -o 'hash .*')
many=$("$program" --seeds 1..100 --jobs 4 | grep -o 'hash .*')
[ "$one" = "$many" ] || { echo "one thread: $one, several: $many"; exit 1; }
echo "found and replayed: $line, hash $hash"
