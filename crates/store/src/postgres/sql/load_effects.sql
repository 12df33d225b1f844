SELECT body, generation, (extract(epoch FROM leased_until) * 1000)::bigint, holder FROM effects
