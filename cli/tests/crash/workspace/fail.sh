# Always fails.
printf '%s fail\n' "$TROUPE_EFFECT_KEY" >> effects
exit 1
