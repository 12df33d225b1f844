//! What connects Shipway to the world around it. Start at the module whose work you look for.

pub mod router;
