mod analyse;
mod bake;
mod http;
mod journey;
mod prometheus;
mod route;
mod server;
mod world;
