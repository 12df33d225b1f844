SELECT size, place FROM archive
