//! Prints the OpenAPI document: `cargo run -p shipway-api --example openapi`.

fn main() -> Result<(), serde_json::Error> {
    serde_json::to_writer_pretty(std::io::stdout().lock(), &shipway_api::openapi::document())
}
