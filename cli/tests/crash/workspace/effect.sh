# Leaves a line with the effect's key, and prints its second argument.
printf '%s %s-%s\n' "$TROUPE_EFFECT_KEY" "$1" "$2" >> effects
printf '%s' "$2"
