SELECT body, generation, leased_until_ms FROM effects
