SELECT revision, size, frontier, checkpoint FROM head FOR UPDATE
