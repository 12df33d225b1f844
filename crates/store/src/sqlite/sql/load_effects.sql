SELECT body, generation, leased_until_ms, holder FROM effects
