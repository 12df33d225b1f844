SELECT revision, size, frontier, checkpoint FROM head
