mod archive;
mod broken_lines;
#[cfg(feature = "s3")]
mod bucket;
mod cluster;
mod copies;
mod crash;
#[cfg(feature = "tls")]
mod encryption;
mod full_disk;
#[cfg(feature = "s3")]
mod object_storage;
mod opening;
mod promises;
mod replicas;
mod versions;
