//! Files as users write them, and what they are told.

mod examples;
mod faults;
mod hostile;
mod properties;

use shipway_model::resource::file::{Fault, Located, SourceFile, read};

fn read_one(text: &str) -> Result<Vec<Located>, Vec<Fault>> {
    read(&[SourceFile { path: "shop.yaml", text }])
}

fn rendered(faults: &[Fault]) -> String {
    faults.iter().map(|it| format!("{it}\n")).collect::<Vec<_>>().join("\n")
}
