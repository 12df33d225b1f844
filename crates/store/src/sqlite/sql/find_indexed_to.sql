SELECT streams_indexed_to FROM head
