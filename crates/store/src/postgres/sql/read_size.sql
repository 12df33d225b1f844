SELECT size FROM head
