# Fails the first time, whoever asks.
printf '%s flaky\n' "$TROUPE_EFFECT_KEY" >> effects
test "$(grep -c ' flaky$' effects)" -ge 2 && printf mended
