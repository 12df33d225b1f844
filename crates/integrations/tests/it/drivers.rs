mod analyse;
mod bake;
mod http;
mod journey;
mod route;
mod server;
mod world;
