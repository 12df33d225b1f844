mod memory;
mod several_writers;
mod time;
mod worker;
mod writing;
