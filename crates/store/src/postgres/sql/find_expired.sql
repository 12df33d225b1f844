SELECT DISTINCT performer FROM effects WHERE leased_until <= clock_timestamp()
