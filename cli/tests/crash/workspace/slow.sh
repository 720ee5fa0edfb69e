# Takes longer than its step may.
printf '%s slow\n' "$TROUPE_EFFECT_KEY" >> effects
sleep 0.4
