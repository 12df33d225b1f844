mod broken_lines;
mod cluster;
mod crash;
mod full_disk;
mod opening;
mod promises;
mod replicas;
mod versions;
